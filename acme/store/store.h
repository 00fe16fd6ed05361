// Where everything durable lives, as nine operations: files on a machine, a map in tests, etcd some
// day.
#pragma once

#include <autohttps/common/clock.h>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// Held until destroyed or the process ends: a kernel lock, never a file that can go stale.
struct StoreLock {
  virtual ~StoreLock() = default;
  virtual std::string_view name() const noexcept = 0;
  virtual bool held()
      const noexcept = 0;  // false once it was lost (its file removed under us, a lease run out)
};

struct Subscription {
  virtual ~Subscription() = default;  // when it returns, no call runs or will run
};

// Keys are paths "a/b/c" of parts [A-Za-z0-9._@,+=~-]{1,200} that do not begin with a dot; anything
// else throws Error(internal): callers check foreign text before it gets here. Values up to 8 MiB
// (a ledger grows; nothing else comes near). Safe between threads and processes; waits for the
// disk; throws Error(storage | permission) with the old value kept.
struct Store {
  virtual ~Store() = default;
  // power_cut: on return it survives one. process_end: whole or not at all, but not fsynced
  // (challenge answers, and the files of a generation: point() makes those durable before it
  // flips).
  enum class Survives { power_cut, process_end };

  virtual std::optional<std::string> get(std::string_view key) const = 0;
  virtual std::vector<std::string> list(
      std::string_view prefix) const = 0;  // one level, names only, sorted; absent: empty
  virtual void put(std::string_view key, std::string_view value,
                   Survives) = 0;  // whole old or whole new
  virtual void append(std::string_view key,
                      std::string_view line) = 0;  // adds "\n", durable on return; a torn last line
                                                   // is cut off first
  // A key or all below it, at once for readers; absent is fine. process_end: it may be back after a
  // power cut (challenge answers, old generations).
  virtual void remove(std::string_view prefix, Survives = Survives::power_cut) = 0;
  // Pointers: certificates/NAME/current -> generations/7. Empty when absent or not of that form.
  virtual std::optional<std::string> target(std::string_view pointer) const = 0;
  // The one switch. First makes every key below the target durable, then flips, durable on return.
  // Throws Error(locked) when the lock is lost, Error(storage) when the target does not exist.
  virtual void point(const StoreLock&, std::string_view pointer, std::string_view target) = 0;
  // Waits until give_up. Throws Error(locked) that names the holder's pid and command and since
  // when; Error(canceled).
  virtual std::unique_ptr<StoreLock> lock(std::string_view name, SteadyTime give_up,
                                          std::stop_token) = 0;
  // Called with each pointer that any process flipped; may repeat; a minute late at worst; on the
  // store's own thread.
  virtual std::unique_ptr<Subscription> watch(std::function<void(std::string_view pointer)>) = 0;
  // Moves a key (and all below it) aside to quarantine/<time>-<n>/..., for what cannot be read:
  // never deleted (RELIABILITY 25).
  virtual void quarantine(std::string_view key, std::string_view why) = 0;
  virtual std::string describe() const = 0;  // for people: the folder's path
};

}  // namespace autohttps::acme
