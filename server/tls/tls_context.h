// How a listener speaks TLS, made once.
#pragma once

#include <autohttps/server/tls/certificate_source.h>
#include <autohttps/server/tls/tls_policy.h>

#include <memory>

typedef struct ssl_ctx_st SSL_CTX;

namespace autohttps {

// Immutable, any thread. Outlives its sessions.
class TlsContext {
 public:
  // By make_server_context(). Throws Error(crypto).
  TlsContext(const TlsPolicy&, std::shared_ptr<CertificateSource>,
             std::shared_ptr<TicketKeys> = nullptr);
  // One of the caller's making (client certificates, other suites): takes over its reference.
  explicit TlsContext(SSL_CTX* own) noexcept;
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* handle() const noexcept { return handle_; }  // borrowed

 private:
  SSL_CTX* const handle_;
};

}  // namespace autohttps
