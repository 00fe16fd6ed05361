// Ctrl-C and SIGTERM as a stop token.
#pragma once

#include <stop_token>
#include <thread>

namespace autohttps::tools {

// Blocks SIGINT and SIGTERM in the calling thread and those it starts: made before any other
// thread. The first signal asks to stop, the second ends the process at once.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  std::stop_token token() const noexcept { return stop_.get_token(); }

 private:
  void watch(const std::stop_token& done);

  std::stop_source stop_;
  std::jthread thread_;
};

}  // namespace autohttps::tools
