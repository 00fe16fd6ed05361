// A TLS client and a server joined in memory: whole handshakes without a socket or a thread.
#pragma once

#include <autohttps/common/openssl_owners.h>
#include <autohttps/tests/support/test_certificates.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace autohttps {

struct SessionDeleter {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, SessionDeleter>;

struct TestClient {
  std::string server_name;  // empty: no SNI
  int version = 0;          // TLS1_2_VERSION ...; 0: any
  std::string sigalgs;      // e.g. "RSA-PSS+SHA256:RSA+SHA256"; empty: OpenSSL's
  std::string suites;       // TLS 1.2's, e.g. "AES128-SHA"; empty: OpenSSL's
  std::vector<std::string> alpn;
  SSL_SESSION* session = nullptr;  // to be resumed
  // Whatever else a test does to the client before it speaks, e.g. a custom extension.
  std::function<void(SSL_CTX*)> prepare;
};

struct TestHandshake {
  bool done = false;
  int client_alert = 0;     // the alert that the client was sent (SSL_AD_...); 0: none
  int suspended = 0;        // how often the server said WANT_CLIENT_HELLO_CB
  std::string fingerprint;  // of the leaf that the client saw, lower-case hex
  std::size_t chain_length = 0;
  bool resumed = false;
  int version = 0;
  std::string suite, protocol;
  SessionPtr session;  // a new one, for a later resumption
  SslPtr client, server;
};

// Runs to the end, or until the server is suspended `most_suspensions` times.
TestHandshake shake_hands(SSL_CTX* server, const TestClient&, int most_suspensions = 1000);
// Goes on with a suspended one.
void go_on(TestHandshake&, int most_suspensions = 1000);

// What the server has to say to a hello, whole records made by hand, that is not to lead anywhere.
std::string answer_to_hello(SSL_CTX* server, const std::string& hello);

// The parts, for other roads between the two ends: a client as planned, without a BIO.
SslPtr make_client(const TestClient&);
std::string seen_fingerprint(SSL* client);  // of the leaf, lower-case hex; empty: none
int take_alert();  // the last alert in this thread's error queue, which is emptied; 0: none

// Application data from one end to the other; what arrived.
std::string send_through(SSL* from, SSL* to, const std::string& text);

}  // namespace autohttps
