// Another program, run to its end: no shell, nothing of ours inherited, bounded in time and output.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace autohttps {

// Whom a program runs as. Only a process that is root, or was and can be again (its real or saved
// user id is 0), may run one as somebody else.
struct RunAs {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;  // supplementary

  // A user's groups as the system's user database has them; a user that it does not know has only
  // `group`.
  static RunAs user_of(uid_t user, gid_t group);
};

struct ProcessOptions {
  std::vector<std::string> arguments{};    // an absolute path first: PATH is not searched
  std::vector<std::string> environment{};  // "NAME=value": all that it gets
  std::optional<RunAs> run_as{};           // empty: as we are
  std::chrono::milliseconds limit{60'000};
  std::chrono::milliseconds grace{5'000};  // between SIGTERM and SIGKILL
  std::size_t most_output = std::size_t{64} * 1024;
};

struct ProcessResult {
  enum class End { exited, signaled, timed_out, canceled } end = End::exited;
  int exit_code = -1;  // exited; 128 + number otherwise, as shells say it
  int signal = 0;      // signaled
  std::string output;  // standard output and error as they came; the last of it
  bool cut = false;    // there was more of it before
  bool succeeded() const noexcept { return end == End::exited && exit_code == 0; }
};

// Waits for the program's end. Thread-safe; several at a time. The program is a session and process
// group of its own (SIGTERM, then SIGKILL, go to all of it at the limit and when stop is
// requested), stdin is /dev/null, signals are at their defaults, no descriptor of ours is open in
// it, and how many it may open is as it was for us (see descriptor_limit.h). What it leaves running
// in the background keeps nobody waiting. Throws std::system_error when it cannot be started
// (ENOENT, EACCES ...), EPERM when it cannot be run as that user.
ProcessResult run_process(const ProcessOptions&, std::stop_token);

}  // namespace autohttps
