// Our end of a connection.
#pragma once

#include <string>

namespace autohttps {

// Canonical IP text, IPv4 also where the socket is an IPv6 one (::ffff:192.0.2.1 is 192.0.2.1).
// Empty when the descriptor is none of an IP socket.
std::string local_address(int fd);

}  // namespace autohttps
