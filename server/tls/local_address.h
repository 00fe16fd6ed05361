// Addresses of a connection's ends, as text.
#pragma once

#include <string>

struct sockaddr_storage;

namespace autohttps {

// Canonical IP text, IPv4 also where the socket is an IPv6 one (::ffff:192.0.2.1 is 192.0.2.1).
// Empty where it is no IP address, or the descriptor none of an IP socket.
std::string ip_text(const sockaddr_storage&);
std::string local_address(int fd);  // our end's

// 0 where it is no IP address.
int port_of(const sockaddr_storage&) noexcept;

}  // namespace autohttps
