// How a client of ours speaks TLS to one server: verified, by its name, and resumed.
#pragma once

#include <memory>
#include <string>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace autohttps {

// Any thread. Outlives its sessions. The newest session is kept for the next handshake.
class TlsClientContext {
 public:
  // `host`: a DNS name, sent as SNI (RFC 6066 3), or an IP address; the certificate has to be for
  // it (RFC 6125). `ca_bundle`: a PEM file of all who may have signed it; empty: the system's.
  // Throws Error(config): the file cannot be read; Error(crypto).
  TlsClientContext(std::string host, const std::string& ca_bundle);
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  SSL* make() const noexcept;  // a client before its handshake, the caller's; null: no memory

 private:
  struct Sessions;
  const std::string host_;
  const bool is_name_;
  const std::unique_ptr<Sessions> sessions_;
  SSL_CTX* handle_ = nullptr;
};

// Why a handshake of such a client did not succeed, in words; for messages.
std::string verification_trouble(const SSL*);

}  // namespace autohttps
