// Sizes of what every server of the bench answers.
#pragma once

#include <cstddef>

namespace autohttps::bench {

inline constexpr std::size_t kSmallBody = 1024;    // of /1k and /slow
inline constexpr std::size_t kBigBody = 1U << 20;  // of /big
// Of files that sites serve, below their root.
inline constexpr const char* kSmallFile = "/small.txt";  // kSmallBody bytes
inline constexpr const char* kHugeFile = "/huge.bin";
inline constexpr std::size_t kHugeBody = 100U << 20;

}  // namespace autohttps::bench
