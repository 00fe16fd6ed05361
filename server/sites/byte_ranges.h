// Which bytes of a content are asked for: RFC 9110 14. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace autohttps {

struct ByteRange {
  std::uint64_t first = 0, length = 0;

  bool operator==(const ByteRange&) const = default;
};

struct ByteRanges {
  enum class Kind {
    whole,          // no ranges that we know, too many, or more than all: all is sent
    parts,          // one or more
    unsatisfiable,  // 416: none is of this content, or they are no ranges of bytes at all
  } kind = Kind::whole;
  std::vector<ByteRange> parts{};  // in the order in which they were asked for
};

// More are not worth an answer in parts (14.2: "a set of many small ranges").
inline constexpr std::size_t kMostRanges = 64;

// Of Range's value, for a content of `size` bytes. Ranges that overlap become one (15.3.7.2), so
// that no byte is ever sent twice.
ByteRanges parse_byte_ranges(std::string_view field, std::uint64_t size);

}  // namespace autohttps
