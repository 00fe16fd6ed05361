// Ctrl-C and SIGTERM as a stop token, SIGHUP as a call.
#pragma once

#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace autohttps::tools {

// Blocks SIGINT and SIGTERM in the calling thread and those it starts: made before any other
// thread. The first signal asks to stop, the second ends the process at once.
class Interruption {
 public:
  enum class Hangup {
    ends,   // as ever: the terminal has gone
    calls,  // on_hangup()
  };
  explicit Interruption(Hangup = Hangup::ends);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // At each SIGHUP from now on, on a thread of this object's; those that came before are forgotten.
  // Empty: nothing. Returns when no call is under way.
  void on_hangup(std::function<void()>);

  std::stop_token token() const noexcept { return stop_.get_token(); }

 private:
  void watch(const std::stop_token& done);

  void hang_up();

  const Hangup hangup_;
  std::mutex mutex_;  // guards call_, and is held while it runs
  std::function<void()> call_;
  std::stop_source stop_;
  std::jthread thread_;
};

}  // namespace autohttps::tools
