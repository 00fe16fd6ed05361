// A store has one owner, and a root process works as that owner as soon as it needs root no longer:
// what it writes can be read by the service, and a mistake of ours can do no more than the owner.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace autohttps::tools {

// What becomes of a store that is not there: a command that will make it makes it in the system's
// place for the service's user, if there is one, whoever runs it; one that only looks does not.
enum class Missing { leave, make };

// While it lives, a process of root acts as the owner of the store: as a user, a group and in the
// user's other groups. Root remains the real user, for AsRoot and for hooks that belong to root.
// Where the owner is root, or this is no root process, nothing changes. Throws Error(permission).
// Not thread-safe; the change is of all threads.
class ActingAsOwner {
 public:
  explicit ActingAsOwner(const std::filesystem::path& store, Missing missing = Missing::leave);
  ~ActingAsOwner();
  ActingAsOwner(const ActingAsOwner&) = delete;
  ActingAsOwner& operator=(const ActingAsOwner&) = delete;

 private:
  void end() noexcept;

  bool changed_ = false;
};

// While it lives, a process that acts as the owner is root again, to bind a port or make a folder:
// all of its threads, so before those start that speak to strangers. Nothing in any other process.
class AsRoot {
 public:
  AsRoot();
  ~AsRoot();
  AsRoot(const AsRoot&) = delete;
  AsRoot& operator=(const AsRoot&) = delete;

 private:
  uid_t acting_ = 0;  // 0: nothing changed
};

// Makes the change final, for `serve`: no saved user, no capability, no way to gain any, not even
// by starting a program. Where nothing was changed it does nothing. Throws Error(permission).
void give_up_root();

// Keys are in this process: no core files, and no other process of the same user looks into it.
void hide_memory() noexcept;

// Lets the owner put answers below another server's document root: makes
// .well-known/acme-challenge for him. Does nothing where root's help is not needed, and leaves
// what it cannot do to be told by who writes the answers.
void prepare_webroot(const std::string& webroot) noexcept;

}  // namespace autohttps::tools
