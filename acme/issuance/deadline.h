// The time one attempt may take (RELIABILITY I7), and the only place where it sleeps.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/error.h>

#include <chrono>
#include <stop_token>
#include <string>

namespace autohttps::acme {

// One attempt, one thread. Steady: no jump of the wall clock moves it.
class Deadline {
 public:
  Deadline(Clock& clock, std::chrono::seconds most, std::stop_token stop)
      : clock_(clock), end_(clock.steady() + most), most_(most), stop_(std::move(stop)) {}

  // Sleeps. Throws Error(canceled) when stopped; when the deadline comes first: Error(deferred)
  // with retry_at if it is the CA that asks for such a wait, else Error(protocol). `what` is still
  // to come: "the order is still processing".
  void wait(std::chrono::milliseconds duration, bool ca_asks, const std::string& what) {
    if (clock_.steady() + duration > end_) give_up(duration, ca_asks, what);
    if (!clock_.sleep_for(duration, stop_)) throw Error(ErrorCode::canceled, "stopped: " + what);
  }

  // For what takes its time without waiting here: as wait() of no time at all.
  void check(const std::string& what) {
    if (clock_.steady() > end_) give_up(std::chrono::milliseconds(0), false, what);
    if (stop_.stop_requested()) throw Error(ErrorCode::canceled, "stopped: " + what);
  }

  SteadyTime now() const { return clock_.steady(); }
  WallTime wall() const { return clock_.wall(); }
  SteadyTime end() const noexcept { return end_; }
  const std::stop_token& stop() const noexcept { return stop_; }

 private:
  [[noreturn]] void give_up(std::chrono::milliseconds duration, bool ca_asks,
                            const std::string& what) const {
    if (ca_asks && duration > kOurLongest) throw put_off(duration, what);
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(most_).count();
    throw Error(ErrorCode::protocol, what + " after " + std::to_string(minutes) + " minutes",
                kHint);
  }

  Error put_off(std::chrono::milliseconds duration, const std::string& what) const {
    Error error(ErrorCode::deferred, what + ", and the CA asks to come back later", kHint);
    error.with_retry_at(clock_.wall() + duration);
    return error;
  }

  static constexpr const char* kHint =
      "nothing is lost: the next attempt takes the order up where it is";
  static constexpr std::chrono::minutes kOurLongest{1};  // between two polls: PollSchedule

  Clock& clock_;
  SteadyTime end_;
  std::chrono::seconds most_;
  std::stop_token stop_;
};

}  // namespace autohttps::acme
