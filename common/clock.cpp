#include <autohttps/common/clock.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace autohttps {

bool Clock::sleep_until_wall(WallTime when, std::stop_token stop) {
  for (;;) {
    if (stop.stop_requested()) return false;
    const WallTime now = wall();
    if (now >= when) return true;
    // Compared before they are subtracted: the difference of two far times may not fit.
    const bool far = when > now + kLongestSlice;
    if (!sleep_for(far ? std::chrono::nanoseconds(kLongestSlice) : when - now, stop)) return false;
  }
}

bool SystemClock::sleep_until(SteadyTime until, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  // Nothing notifies but the stop token; a spurious wake-up goes round again.
  while (!stop.stop_requested()) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now >= until) return true;
    const SteadyTime slice = until - now > kLongestSlice ? now + kLongestSlice : until;
    stopped.wait_until(lock, stop, slice, [] { return false; });
  }
  return false;
}

}  // namespace autohttps
