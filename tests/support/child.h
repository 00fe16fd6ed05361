// Programs that tests run: to their end, with what they said, or in the background until stopped.
#pragma once

#include <autohttps/common/owned_fd.h>

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

struct ChildOptions {
  std::vector<std::string> arguments{};              // the program first, found through PATH
  std::map<std::string, std::string> environment{};  // on top of ours; an empty value unsets.
                                                     // AUTOHTTPS_CONFIG is /dev/null unless here
  std::string folder{};                              // working directory; empty: ours
  std::string input{};                               // its standard input
  std::optional<uid_t> user{};                       // run as this user and group: we must be root
  std::chrono::milliseconds limit{60'000};           // run_child: killed after this
};

struct ChildResult {
  int exit_code = -1;  // 128 + number when a signal ended it
  bool timed_out = false;
  std::string out;
  std::string err;
  std::chrono::milliseconds wall{};
};

ChildResult run_child(const ChildOptions&);

// A running program in a process group of its own. The destructor kills the group and reaps the
// program; so does the kernel when the starting thread ends first, whatever ends it. Not
// thread-safe. Throws std::system_error when it cannot be started (exit code 127 when the program
// is not there).
class Child {
 public:
  explicit Child(const ChildOptions&);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const noexcept { return pid_; }
  std::string out() const;  // what it has said so far
  std::string err() const;
  bool running();

  // The exit code as in ChildResult, or empty when it is still running after `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);
  // Until stdout or stderr contains `text`; false when it ended before or `limit` has passed.
  bool wait_for(std::string_view text,
                std::chrono::milliseconds limit = std::chrono::milliseconds(20'000));
  void signal(int number) const;  // to the program alone
  // SIGTERM, and SIGKILL to the group when it has not ended after `grace`. Its exit code.
  int stop(std::chrono::milliseconds grace = std::chrono::milliseconds(15'000));
  int kill();  // SIGKILL to the group at once

 private:
  void reap(int status) noexcept;

  OwnedFd out_;  // files in memory: no pipe to fill up, no thread to empty it
  OwnedFd err_;
  OwnedFd pid_fd_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

// A loopback port that is free and stays promised to the holder: no other FreePort gets it while
// this one lives, in any process. Below the range that outgoing connections are given.
class FreePort {
 public:
  FreePort();
  std::uint16_t number() const noexcept { return number_; }
  std::string text() const { return std::to_string(number_); }

 private:
  OwnedFd promise_;
  std::uint16_t number_ = 0;
};

}  // namespace autohttps
