#include <autohttps/common/challenge_answers.h>
#include <autohttps/server/tls/challenge_handshake.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace autohttps {
namespace {

// As on the wire (RFC 7301 3.1).
constexpr std::array<unsigned char, 11> kProtocols = {10,  'a', 'c', 'm', 'e', '-',
                                                      't', 'l', 's', '/', '1'};
static_assert(kProtocols.size() == kAcmeTls.size() + 1);

// The hello's list once more: after a HelloRetryRequest it is another hello's.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  if (!std::equal(kProtocols.begin(), kProtocols.end(), offered, offered + offered_size)) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = offered + 1;
  *chosen_size = static_cast<unsigned char>(offered_size - 1);
  return SSL_TLSEXT_ERR_OK;
}

int acknowledge_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

int never_resumed(SSL*, int) { return 1; }

void end_after_handshake(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_DONE) == 0) return;
  SSL_set_shutdown(const_cast<SSL*>(ssl), SSL_RECEIVED_SHUTDOWN);  // OpenSSL has it const
}

}  // namespace

bool is_challenge(const ClientHello& hello) noexcept {
  return hello.alpn.size() == 1 && hello.alpn.front() == kAcmeTls;
}

SslContextPtr make_challenge_context() {
  constexpr const char* kDoing = "making a TLS context for challenges";
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) throw_openssl(kDoing);
  // The key is an ECDSA one. TLS 1.3's suites are OpenSSL's own.
  if (SSL_CTX_set_cipher_list(context.get(), "ECDHE+ECDSA+AESGCM:ECDHE+ECDSA+CHACHA20") != 1) {
    throw_openssl(kDoing);
  }
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_tlsext_servername_callback(context.get(), acknowledge_name);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  return context;
}

bool answer_challenge(SSL* ssl, SSL_CTX* challenge_context, const CertifiedKey& key) noexcept {
  if (SSL_set_SSL_CTX(ssl, challenge_context) == nullptr) return false;
  // Sessions of other handshakes do not resume here: their context, in every ticket, is another.
  constexpr std::string_view kOwner = "acme";
  const auto* const owner = reinterpret_cast<const unsigned char*>(kOwner.data());
  SSL_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_set_not_resumable_session_callback(ssl, never_resumed);
  SSL_set_info_callback(ssl, end_after_handshake);
  // RFC 8737 4: "MUST only negotiate TLS 1.2 or higher".
  const bool is_new = SSL_get_min_proto_version(ssl) >= TLS1_2_VERSION ||
                      SSL_set_min_proto_version(ssl, TLS1_2_VERSION) == 1;
  return is_new && SSL_set_session_id_context(ssl, owner, kOwner.size()) == 1 &&
         SSL_set_num_tickets(ssl, 0) == 1 &&
         SSL_use_cert_and_key(ssl, key.certificate(0), key.key().handle(), nullptr, 1) == 1;
}

bool has_answered_challenge(const SSL* ssl) noexcept {
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  return std::string_view(reinterpret_cast<const char*>(protocol), size) == kAcmeTls;
}

}  // namespace autohttps
