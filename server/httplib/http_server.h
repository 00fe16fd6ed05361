// cpp-httplib's server on a listening socket of ours: both address families, no shared port,
// TCP_NODELAY, a proper backlog.
#pragma once

#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#error "compile with the flags of `pkg-config --cflags cpp-httplib`: they change its classes"
#endif
#include <httplib.h>

#include <autohttps/common/owned_fd.h>

#include <cstdint>
#include <string>

namespace autohttps {

class HttpServer : public httplib::Server {
 public:
  HttpServer();

  // Takes the socket (see listen_tcp); listen_after_bind() or serve_adopted() then runs the loop
  // until stop().
  void adopt(OwnedFd listening);
  bool serve_adopted();
};

}  // namespace autohttps
