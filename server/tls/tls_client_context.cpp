#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/tls/tls_client_context.h>

#include <arpa/inet.h>
#include <openssl/err.h>

#include <mutex>
#include <utility>

namespace autohttps {
namespace {

// As on the wire (RFC 7301 3.1): what we speak to upstreams, so that none chooses another.
constexpr unsigned char kProtocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

using SessionPtr = std::unique_ptr<SSL_SESSION, OpensslDeleter<SSL_SESSION_free>>;

bool is_ip(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

void require(long result, const char* doing) {
  if (result != 1) throw_openssl(doing);
}

void trust(SSL_CTX* context, const std::string& ca_bundle) {
  if (ca_bundle.empty()) {
    require(SSL_CTX_set_default_verify_paths(context), "finding the system's CA certificates");
    return;
  }
  if (SSL_CTX_load_verify_file(context, ca_bundle.c_str()) == 1) return;
  throw Error(ErrorCode::config,
              "reading CA certificates from \"" + ca_bundle + "\": " + openssl_reason(),
              "it has to be a file of certificates in PEM form that this process may read");
}

}  // namespace

struct TlsClientContext::Sessions {
  std::mutex mutex;  // guards newest
  SessionPtr newest;

  // OpenSSL's, with a reference that is ours if we keep it.
  static int keep(SSL* ssl, SSL_SESSION* session) {
    auto* const self = static_cast<Sessions*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    if (SSL_SESSION_is_resumable(session) != 1) return 0;
    SessionPtr kept(session);
    const std::lock_guard lock(self->mutex);
    self->newest.swap(kept);
    return 1;
  }
};

TlsClientContext::TlsClientContext(std::string host, const std::string& ca_bundle)
    : host_(std::move(host)), is_name_(!is_ip(host_)), sessions_(std::make_unique<Sessions>()) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) throw_openssl("making a TLS context");
  require(SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION),
          "setting the lowest TLS version");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  trust(context.get(), ca_bundle);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  X509_VERIFY_PARAM* const wanted = SSL_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  require(is_name_ ? X509_VERIFY_PARAM_set1_host(wanted, host_.c_str(), host_.size())
                   : X509_VERIFY_PARAM_set1_ip_asc(wanted, host_.c_str()),
          "setting the name of an upstream");
  // Zero is success here.
  require(SSL_CTX_set_alpn_protos(context.get(), kProtocols, sizeof kProtocols) == 0 ? 1 : 0,
          "setting the protocols of a TLS client");
  SSL_CTX_set_app_data(context.get(), sessions_.get());
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), &Sessions::keep);
  handle_ = context.release();
}

TlsClientContext::~TlsClientContext() { SSL_CTX_free(handle_); }

SSL* TlsClientContext::make() const noexcept {
  SslPtr ssl(SSL_new(handle_));
  if (!ssl || (is_name_ && SSL_set_tlsext_host_name(ssl.get(), host_.c_str()) != 1)) {
    ERR_clear_error();
    return nullptr;
  }
  {
    const std::lock_guard lock(sessions_->mutex);
    if (sessions_->newest) SSL_set_session(ssl.get(), sessions_->newest.get());
  }
  SSL_set_connect_state(ssl.get());
  return ssl.release();
}

std::string verification_trouble(const SSL* ssl) {
  const long result = ssl == nullptr ? X509_V_OK : SSL_get_verify_result(ssl);
  if (result == X509_V_OK) return "the TLS handshake failed";
  return std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(result);
}

}  // namespace autohttps
