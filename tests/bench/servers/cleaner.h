// Leaves nothing behind when the bench is interrupted.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <mutex>
#include <set>

namespace autohttps::bench {

// On SIGINT, SIGTERM and SIGHUP: kills the process groups it knows of, removes the folder and ends
// the process. Made before there are other threads. Thread-safe.
class Cleaner {
 public:
  explicit Cleaner(std::filesystem::path folder);
  void add(pid_t group);
  void remove(pid_t group);

 private:
  [[noreturn]] void wait_for_signal();

  const std::filesystem::path folder_;
  std::mutex mutex_;  // guards groups_
  std::set<pid_t> groups_;
};

}  // namespace autohttps::bench
