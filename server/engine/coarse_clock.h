// The time that deadlines of connections and measurements of handlers are told in.
#pragma once

#include <time.h>

#include <cstdint>

namespace autohttps {

// Steady milliseconds, as of the kernel's last tick (4 ms or less ago): asked for several times a
// request, so it must cost next to nothing.
inline std::int64_t coarse_milliseconds() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::int64_t{time.tv_sec} * 1'000 + time.tv_nsec / 1'000'000;
}

}  // namespace autohttps
