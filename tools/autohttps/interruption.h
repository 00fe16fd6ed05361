// Ctrl-C and SIGTERM as a stop token, SIGHUP as a call.
#pragma once

#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace autohttps::tools {

// Blocks SIGINT and SIGTERM in the calling thread and those it starts: made before any other
// thread. The first signal asks to stop, the second ends the process at once.
class Interruption {
 public:
  enum class Hangup {
    ends,   // as ever: the terminal has gone
    calls,  // see OnHangup
  };
  explicit Interruption(Hangup = Hangup::ends);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // While it lives, `call` is made at each SIGHUP, on the Interruption's thread; those that came
  // before are forgotten. The destructor returns when no call is under way.
  class [[nodiscard]] OnHangup {
   public:
    OnHangup(Interruption& by, std::function<void()> call) : by_(by) { by_.set(std::move(call)); }
    ~OnHangup() { by_.set({}); }
    OnHangup(const OnHangup&) = delete;
    OnHangup& operator=(const OnHangup&) = delete;

   private:
    Interruption& by_;
  };

  std::stop_token token() const noexcept { return stop_.get_token(); }

 private:
  void watch(const std::stop_token& done);

  void hang_up();
  void set(std::function<void()> call);

  const Hangup hangup_;
  std::mutex mutex_;  // guards call_, and is held while it runs
  std::function<void()> call_;
  std::stop_source stop_;
  std::jthread thread_;
};

}  // namespace autohttps::tools
