// An address or a block of addresses, for settings such as "trust these proxies".
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace autohttps {

// An IP address, IPv4 as ::ffff:a.b.c.d, so that a client is the same by either kind of socket.
using IpBytes = std::array<std::uint8_t, 16>;

// Immutable. "192.0.2.1", "10.0.0.0/8", "2001:db8::/32".
class Network {
 public:
  // Throws Error(config) that says what would be right: no address, a prefix that is too long, bits
  // set behind it (10.0.0.1/8: what was meant?).
  static Network parse(std::string_view text);

  bool contains(const IpBytes&) const noexcept;

 private:
  Network(const IpBytes& address, unsigned bits) noexcept : address_(address), bits_(bits) {}

  IpBytes address_;
  unsigned bits_;  // of the 128
};

// False: no IP address. Takes neither brackets nor a port nor a zone.
bool parse_ip(std::string_view text, IpBytes&) noexcept;

bool is_in(std::span<const Network>, std::string_view ip) noexcept;

}  // namespace autohttps
