#include <autohttps/tests/support/memory_handshake.h>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <array>

namespace autohttps {
namespace {

struct ClientState {  // behind the client SSL_CTX's app data, for the new-session callback
  SSL_SESSION* session = nullptr;
};

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* state = static_cast<ClientState*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  SSL_SESSION_free(state->session);
  state->session = session;
  return 1;
}

SslContextPtr client_context(const TestClient& plan) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(context.get(), 0);  // old protocols are offered, to be refused
  if (plan.version != 0) {
    SSL_CTX_set_min_proto_version(context.get(), plan.version);
    SSL_CTX_set_max_proto_version(context.get(), plan.version);
  }
  if (!plan.sigalgs.empty()) SSL_CTX_set1_sigalgs_list(context.get(), plan.sigalgs.c_str());
  if (!plan.suites.empty()) SSL_CTX_set_cipher_list(context.get(), plan.suites.c_str());
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (plan.prepare) plan.prepare(context.get());
  return context;
}

SslPtr client_of(SSL_CTX* context, const TestClient& plan) {
  SslPtr client(SSL_new(context));
  SSL_set_connect_state(client.get());
  if (!plan.server_name.empty()) SSL_set_tlsext_host_name(client.get(), plan.server_name.c_str());
  std::string protocols;
  for (const std::string& protocol : plan.alpn) {
    protocols += static_cast<char>(protocol.size());
    protocols += protocol;
  }
  if (!protocols.empty()) {
    SSL_set_alpn_protos(client.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
  }
  if (plan.session != nullptr) SSL_set_session(client.get(), plan.session);
  return client;
}

void join(SSL* client, SSL* server) {
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  constexpr std::size_t kRoom = 256 * 1024;
  BIO_new_bio_pair(&client_end, kRoom, &server_end, kRoom);
  SSL_set_bio(client, client_end, client_end);
  SSL_set_bio(server, server_end, server_end);
}

std::string hex_fingerprint(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

void describe_end(TestHandshake& result) {
  SSL* client = result.client.get();
  result.done = true;
  result.fingerprint = seen_fingerprint(client);
  if (STACK_OF(X509)* chain = SSL_get_peer_cert_chain(client)) {
    result.chain_length = static_cast<std::size_t>(sk_X509_num(chain));
  }
  result.resumed = SSL_session_reused(client) == 1;
  result.version = SSL_version(client);
  result.suite = SSL_get_cipher_name(client);
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client, &protocol, &size);
  if (size != 0) result.protocol.assign(reinterpret_cast<const char*>(protocol), size);
}

// One step of one end. False: it failed.
bool step(SSL* ssl, int& error) {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl);
  error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, result);
  return error != SSL_ERROR_SSL && error != SSL_ERROR_SYSCALL;
}

}  // namespace

SslPtr make_client(const TestClient& plan) { return client_of(client_context(plan).get(), plan); }

std::string seen_fingerprint(SSL* client) {
  const X509Ptr leaf(SSL_get1_peer_certificate(client));
  return leaf ? hex_fingerprint(leaf.get()) : std::string();
}

int take_alert() {
  int alert = 0;
  while (const unsigned long error = ERR_get_error()) {
    const int reason = ERR_GET_REASON(error);
    if (reason > SSL_AD_REASON_OFFSET) alert = reason - SSL_AD_REASON_OFFSET;
  }
  return alert;
}

TestHandshake shake_hands(SSL_CTX* server, const TestClient& plan, int most_suspensions) {
  TestHandshake result;
  ClientState state;
  const SslContextPtr context = client_context(plan);
  SSL_CTX_set_app_data(context.get(), &state);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  result.client = client_of(context.get(), plan);
  result.server.reset(SSL_new(server));
  join(result.client.get(), result.server.get());
  SSL_set_accept_state(result.server.get());
  go_on(result, most_suspensions);
  if (result.done) {
    // TLS 1.3's ticket comes after the handshake.
    char none = 0;
    SSL_read(result.client.get(), &none, 0);
    SSL_peek(result.client.get(), &none, 1);
  }
  SSL_CTX_set_app_data(context.get(), nullptr);
  SSL_CTX_sess_set_new_cb(context.get(), nullptr);
  result.session.reset(state.session);
  return result;
}

void go_on(TestHandshake& result, int most_suspensions) {
  const int before = result.suspended;
  for (int round = 0; round < 5000; ++round) {
    int client_error = 0;
    int server_error = 0;
    const bool client_good = step(result.client.get(), client_error);
    if (!client_good) {
      result.client_alert = take_alert();
      return;
    }
    // A server that failed has an alert on its way: the client reads it in the next round.
    step(result.server.get(), server_error);
    if (server_error == SSL_ERROR_WANT_CLIENT_HELLO_CB) {
      ++result.suspended;
      if (result.suspended - before >= most_suspensions) return;
    }
    if (client_error == SSL_ERROR_NONE && server_error == SSL_ERROR_NONE) {
      describe_end(result);
      return;
    }
  }
}

std::string send_through(SSL* from, SSL* to, const std::string& text) {
  SSL_write(from, text.data(), static_cast<int>(text.size()));
  std::string arrived(text.size(), '\0');
  const int got = SSL_read(to, arrived.data(), static_cast<int>(arrived.size()));
  arrived.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return arrived;
}

std::string answer_to_hello(SSL_CTX* context, const std::string& hello) {
  const SslPtr server(SSL_new(context));
  BIO* in = BIO_new_mem_buf(hello.data(), static_cast<int>(hello.size()));
  BIO_set_mem_eof_return(in, -1);
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(server.get(), in, out);
  EXPECT_NE(SSL_accept(server.get()), 1);
  ERR_clear_error();
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace autohttps
