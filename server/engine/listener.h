// A listening TCP socket as a web server wants it.
#pragma once

#include <autohttps/common/owned_fd.h>

#include <cstdint>
#include <string>

namespace autohttps {

// host "": IPv6 and IPv4 on one socket ([::] with V6ONLY off), IPv4 alone where there is no IPv6.
// Port 0: any; see bound_port. SO_REUSEADDR but not SO_REUSEPORT: a second process must not share
// the port unnoticed. Backlog 4096. Throws Error(port) that names the process and pid that hold the
// port (from /proc, where we may look) and three ways out, Error(permission) for a port below 1024
// without the right, with the remedies.
OwnedFd listen_tcp(const std::string& host, std::uint16_t port);
std::uint16_t bound_port(int fd);

// "nginx (pid 812)"; empty when it cannot be told. Reads /proc/net/tcp{,6} and /proc/*/fd.
std::string port_holder(std::uint16_t port);

}  // namespace autohttps
