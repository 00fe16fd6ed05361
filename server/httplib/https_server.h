// cpp-httplib's handlers behind certificates that are swapped while it runs.
#pragma once

#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#error "compile with the flags of `pkg-config --cflags cpp-httplib`: they change its classes"
#endif
#include <httplib.h>

#include <autohttps/common/owned_fd.h>
#include <autohttps/server/httplib/http_server.h>
#include <autohttps/server/tls/certificate_source.h>
#include <autohttps/server/tls/tls_policy.h>

#include <memory>

namespace autohttps {

// Routes, hooks and settings are httplib::Server's, also through a reference to it. This front sits
// on cpp-httplib's own accept loop and thread per connection: it is not yet for the open internet
// (slow clients can hold its threads).
class HttpsServer : public HttpServer {
 public:
  explicit HttpsServer(std::shared_ptr<CertificateSource> source, TlsPolicy = {});
  ~HttpsServer() override;

 private:
  bool process_and_close_socket(socket_t) override;
  struct Tls;
  std::unique_ptr<Tls> tls_;
};

}  // namespace autohttps
