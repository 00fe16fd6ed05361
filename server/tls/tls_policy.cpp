#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/tls/attach.h>
#include <autohttps/server/tls/tls_policy.h>

#include <openssl/err.h>

#include <string_view>
#include <utility>

namespace autohttps {
namespace {

// Mozilla server-side TLS guideline 6.0, intermediate: ECDHE and AEAD only. The client chooses:
// phones prefer ChaCha20, and no suite here is a bad one.
constexpr const char* kTls12Suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kTls13Suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr const char* kGroupsWithHybrid = "X25519MLKEM768:X25519:P-256:P-384";  // OpenSSL >= 3.5

// As on the wire (RFC 7301 3.1), the most wanted first.
constexpr unsigned char kProtocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

void require(long result, const char* doing) {
  if (result != 1) throw_openssl(doing);
}

// RFC 7301 3.2: no overlap is no_application_protocol; so an acme-tls/1 probe ends here unless a
// challenge is up.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* match = nullptr;
  if (SSL_select_next_proto(&match, chosen_size, kProtocols, sizeof kProtocols, offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

// RFC 6066 3: a server that used the name says so.
int acknowledge_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

void set_groups(SSL_CTX* context) {
  if (SSL_CTX_set1_groups_list(context, kGroupsWithHybrid) == 1) return;
  ERR_clear_error();
  require(SSL_CTX_set1_groups_list(context, kGroups), "setting the TLS key exchange groups");
}

void set_versions_and_suites(SSL_CTX* context, TlsPolicy::Level level) {
  const int lowest = level == TlsPolicy::Level::modern ? TLS1_3_VERSION : TLS1_2_VERSION;
  require(SSL_CTX_set_min_proto_version(context, lowest), "setting the lowest TLS version");
  require(SSL_CTX_set_cipher_list(context, kTls12Suites), "setting the TLS 1.2 suites");
  require(SSL_CTX_set_ciphersuites(context, kTls13Suites), "setting the TLS 1.3 suites");
  set_groups(context);
}

// Tickets only: nothing is kept per session. One of them a handshake: a second costs as much as a
// tenth of the handshake.
void set_sessions(SSL_CTX* context, std::shared_ptr<TicketKeys> tickets) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  require(SSL_CTX_set_num_tickets(context, 1), "setting the number of session tickets");
  require(SSL_CTX_set_max_early_data(context, 0), "switching early data off");
  static const SystemClock kClock;
  if (!tickets) tickets = std::make_shared<TicketKeys>(kClock);
  use_ticket_keys(context, std::move(tickets));
  // attach() gives each handshake one of its own; this one is for whoever gets past it.
  constexpr std::string_view kContext = "autohttps";
  require(SSL_CTX_set_session_id_context(
              context, reinterpret_cast<const unsigned char*>(kContext.data()), kContext.size()),
          "setting the session id context");
}

}  // namespace

SSL_CTX* make_server_context(const TlsPolicy& policy, std::shared_ptr<CertificateSource> source,
                             std::shared_ptr<TicketKeys> tickets) {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) throw_openssl("making a TLS context");
  set_versions_and_suites(context.get(), policy.level);
  set_sessions(context.get(), std::move(tickets));
  // Clients that end without close_notify are common and do no harm: HTTP has its own framing.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  // The client chooses (above); and idle connections give their buffers back.
  SSL_CTX_clear_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.get(), 1);  // a record in one system call
  SSL_CTX_set_tlsext_servername_callback(context.get(), acknowledge_name);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  attach(context.get(), std::move(source));
  return context.release();
}

}  // namespace autohttps
