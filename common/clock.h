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
  // Waits to the end; false, at once, when stop is requested. Suspended time does not count, no
  // jump of the wall clock matters.
  virtual bool sleep_until(SteadyTime, std::stop_token) = 0;

  bool sleep_for(std::chrono::nanoseconds duration, std::stop_token stop) {
    const SteadyTime now = steady();
    const auto wait = std::chrono::duration_cast<SteadyTime::duration>(duration);
    return sleep_until(wait < SteadyTime::max() - now ? now + wait : SteadyTime::max(), stop);
  }
  // Waits for a time on the wall in slices of at most 30 s, after each of which it looks again: a
  // suspended machine and a jump of the clock are noticed (RELIABILITY I11). False, at once, when
  // stop is requested.
  bool sleep_until_wall(WallTime, std::stop_token);

  static constexpr std::chrono::seconds kLongestSlice{30};
};

// The operating system's. Stateless.
class SystemClock final : public Clock {
 public:
  WallTime wall() const override { return std::chrono::system_clock::now(); }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  bool sleep_until(SteadyTime, std::stop_token) override;
};

}  // namespace autohttps
