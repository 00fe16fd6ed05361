// Addresses on this machine.
#pragma once

#include <netinet/in.h>

#include <cstdint>

namespace autohttps::bench {

// `host` in the machine's byte order: INADDR_LOOPBACK and those behind it.
inline sockaddr_in address_of(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  return address;
}

}  // namespace autohttps::bench
