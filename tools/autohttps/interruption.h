// Ctrl-C and SIGTERM as a stop token, SIGHUP and SIGUSR1 as calls.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace autohttps::tools {

// Blocks SIGINT and SIGTERM in the calling thread and those it starts: made before any other
// thread. The first signal asks to stop, the second ends the process at once.
class Interruption {
 public:
  enum class Others {
    end,  // as ever: the terminal has gone
    call  // SIGHUP and SIGUSR1: see OnSignal
  };
  explicit Interruption(Others = Others::end);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // While it lives, `call` is made at each such signal, on the Interruption's thread; those that
  // came before are forgotten. The destructor returns when no call is under way.
  class [[nodiscard]] OnSignal {
   public:
    OnSignal(Interruption& by, int number, std::function<void()> call) : by_(by), number_(number) {
      by_.set(number_, std::move(call));
    }
    ~OnSignal() { by_.set(number_, {}); }
    OnSignal(const OnSignal&) = delete;
    OnSignal& operator=(const OnSignal&) = delete;

   private:
    Interruption& by_;
    const int number_;
  };

  std::stop_token token() const noexcept { return stop_.get_token(); }

 private:
  void watch(const std::stop_token& done);

  void call(int number);
  void set(int number, std::function<void()> call);

  const Others others_;
  std::mutex mutex_;  // guards calls_, and is held while one runs
  std::map<int, std::function<void()>> calls_;
  std::stop_source stop_;
  std::jthread thread_;
};

}  // namespace autohttps::tools
