// Sizes of what every server of the bench answers.
#pragma once

#include <cstddef>

namespace autohttps::bench {

inline constexpr std::size_t kSmallBody = 1024;    // of /1k and /slow
inline constexpr std::size_t kBigBody = 1U << 20;  // of /big

}  // namespace autohttps::bench
