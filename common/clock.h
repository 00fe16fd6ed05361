// Time, as an interface: nothing else of ours asks the operating system for it or sleeps.
#pragma once

#include <chrono>
#include <stop_token>

namespace autohttps {

using WallTime =
    std::chrono::system_clock::time_point;  // validity, Retry-After, everything on disk
using SteadyTime =
    std::chrono::steady_clock::time_point;  // deadlines and timers: no clock jump moves them

// Thread-safe.
struct Clock {
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual SteadyTime steady() const = 0;
  // Waits; returns false at once when stop is requested. Sleeps in slices of at most 30 s, so that
  // a suspended machine and a jump of the clock are noticed by callers that loop on wall().
  virtual bool sleep_until(SteadyTime, std::stop_token) = 0;

  bool sleep_for(std::chrono::nanoseconds duration, std::stop_token stop) {
    return sleep_until(steady() + std::chrono::duration_cast<SteadyTime::duration>(duration), stop);
  }
};

// The operating system's. Stateless.
class SystemClock final : public Clock {
 public:
  WallTime wall() const override { return std::chrono::system_clock::now(); }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  bool sleep_until(SteadyTime, std::stop_token) override;
};

}  // namespace autohttps
