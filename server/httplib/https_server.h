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

// An HttpServer whose every later handshake takes its certificate from `source`.
class HttpsServer : public HttpServer {
 public:
  explicit HttpsServer(std::shared_ptr<CertificateSource> source, TlsPolicy = {});
};

}  // namespace autohttps
