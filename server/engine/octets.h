// The classes of octets that HTTP's grammar is made of. Pure.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace autohttps {

enum OctetClass : std::uint8_t {
  kTokenOctet = 1,   // RFC 9110 5.6.2: tchar
  kTargetOctet = 2,  // visible ASCII without "#": a fragment is never sent (RFC 9112 3.2)
  kValueOctet = 4,   // RFC 9110 5.5: no control but a tab
  kHostOctet = 8     // RFC 3986 2.3: unreserved, all that is in names of hosts that exist
};

constexpr std::array<std::uint8_t, 256> make_octet_classes() noexcept {
  constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  constexpr std::string_view kHostMarks = "-._~";
  std::array<std::uint8_t, 256> classes{};
  for (unsigned octet = 0; octet < classes.size(); ++octet) {
    const auto c = static_cast<char>(octet);
    const bool alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    unsigned bits = 0;
    if (alphanumeric || kTokenMarks.find(c) != std::string_view::npos) bits |= kTokenOctet;
    if (octet > 0x20 && octet < 0x7f && c != '#') bits |= kTargetOctet;
    if (octet == '\t' || (octet >= 0x20 && octet != 0x7f)) bits |= kValueOctet;
    if (alphanumeric || kHostMarks.find(c) != std::string_view::npos) bits |= kHostOctet;
    classes[octet] = static_cast<std::uint8_t>(bits);
  }
  return classes;
}

inline constexpr std::array<std::uint8_t, 256> kOctetClasses = make_octet_classes();

constexpr bool is_octet(OctetClass wanted, char c) noexcept {
  return (kOctetClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// 0 to 15, or -1.
constexpr int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Where the first octet that is not of this class stands; text.size(): nowhere.
constexpr std::size_t span_of(OctetClass wanted, std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size() && is_octet(wanted, text[i])) ++i;
  return i;
}

// span_of(kValueOctet, text), eight octets at a time: values are most of a head.
inline std::size_t span_of_value(std::string_view text) noexcept {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kTop = kEach * 0x80;
  std::size_t i = 0;
  while (text.size() - i >= sizeof(std::uint64_t)) {
    std::uint64_t octets = 0;
    std::memcpy(&octets, text.data() + i, sizeof octets);
    const std::uint64_t is_del = octets ^ (kEach * 0x7f);
    // A borrow may mark an octet above a marked one, never one below: a mark says "look closer".
    const std::uint64_t marks =
        ((octets - kEach * 0x20) & ~octets & kTop) | ((is_del - kEach) & ~is_del & kTop);
    if (marks != 0) {
      const std::size_t sound = span_of(kValueOctet, text.substr(i, sizeof octets));
      if (sound < sizeof octets) return i + sound;
    }
    i += sizeof octets;
  }
  return i + span_of(kValueOctet, text.substr(i));
}

}  // namespace autohttps
