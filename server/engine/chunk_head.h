// What stands before a chunk's bytes (RFC 9112 7.1; not installed).
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace autohttps {

inline constexpr std::size_t kMostChunkHead = 16 + 2;  // hexadecimal digits of a size, CRLF

inline std::string_view chunk_head(std::size_t size, std::array<char, kMostChunkHead>& text) {
  char* end = std::to_chars(text.data(), text.data() + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {text.data(), static_cast<std::size_t>(end - text.data())};
}

}  // namespace autohttps
