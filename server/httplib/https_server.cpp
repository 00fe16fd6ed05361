#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/httplib/https_server.h>
#include <autohttps/server/httplib/socket_stream.h>

#include <openssl/err.h>

#include <utility>

namespace autohttps {

struct HttpsServer::Tls {
  SslContextPtr context;
};

HttpsServer::HttpsServer(std::shared_ptr<CertificateSource> source, TlsPolicy policy)
    : tls_(std::make_unique<Tls>()) {
  tls_->context.reset(make_server_context(policy, std::move(source)));
}

HttpsServer::~HttpsServer() = default;

bool HttpsServer::process_and_close_socket(socket_t socket) {
  const OwnedFd owner(socket);
  const SslPtr ssl(SSL_new(tls_->context.get()));
  if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) {
    ERR_clear_error();
    return false;
  }
  const auto stream = make_stream(socket, ssl.get());
  if (!stream->accept_tls()) return false;
  serve_requests(*stream, ssl.get());
  return true;
}

}  // namespace autohttps
