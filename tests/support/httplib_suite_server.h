// Our server in place of cpp-httplib's own, for that library's own tests (httplib_suite.sh). Where
// ours is stricter by choice, these classes choose as the library does.
#pragma once

#include <autohttps/server/httplib/http_server.h>
#include <autohttps/server/tls/tls_context.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>

namespace autohttps_suite {

class Server : public autohttps::HttpServer {
 public:
  Server() {
    limits().head.lenient = true;
    accept_compressed_bodies(true);
    set_exception_handler(nullptr);  // the library's tells what()
    set_keep_alive_max_count(5);
    set_payload_max_length(std::numeric_limits<std::size_t>::max());
  }
  // Ours lets endless answers run on until the drain's end.
  void stop() { httplib::Server::stop(); }
};

// The constructors of httplib::SSLServer, each with its settings.
class SslServer : public Server {
 public:
  SslServer(const char* certificate, const char* key, const char* client_ca_file = nullptr,
            const char* client_ca_folder = nullptr, const char* key_password = nullptr) {
    SSL_CTX* context = with_defaults();
    if (key_password != nullptr && *key_password != '\0') {
      SSL_CTX_set_default_passwd_cb_userdata(context, const_cast<char*>(key_password));
    }
    const bool loaded = SSL_CTX_use_certificate_chain_file(context, certificate) == 1 &&
                        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1;
    if (client_ca_file != nullptr || client_ca_folder != nullptr) {
      SSL_CTX_load_verify_locations(context, client_ca_file, client_ca_folder);
      demand_client_certificate(context);
    }
    take(context, loaded);
  }

  SslServer(X509* certificate, EVP_PKEY* key, X509_STORE* client_cas = nullptr) {
    SSL_CTX* context = with_defaults();
    const bool loaded = SSL_CTX_use_certificate(context, certificate) == 1 &&
                        SSL_CTX_use_PrivateKey(context, key) == 1;
    if (client_cas != nullptr) {
      SSL_CTX_set_cert_store(context, client_cas);
      demand_client_certificate(context);
    }
    take(context, loaded);
  }

  explicit SslServer(const std::function<bool(SSL_CTX&)>& set_up) {
    SSL_CTX* context = SSL_CTX_new(TLS_method());
    take(context, set_up(*context));
  }

  bool is_valid() const override { return context_ != nullptr; }
  SSL_CTX* ssl_context() const { return context_ ? context_->handle() : nullptr; }

 private:
  static SSL_CTX* with_defaults() {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_options(context,
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
    SSL_CTX_set_min_proto_version(context, TLS1_1_VERSION);
    return context;
  }
  static void demand_client_certificate(SSL_CTX* context) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  void take(SSL_CTX* context, bool valid) {
    if (!valid) return SSL_CTX_free(context);
    context_ = std::make_shared<const autohttps::TlsContext>(context);
    use_tls(context_);
  }

  std::shared_ptr<const autohttps::TlsContext> context_;
};

}  // namespace autohttps_suite
