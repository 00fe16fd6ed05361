// A TLS client of OpenSSL's own and a TlsSession, joined by a socket pair: no thread, no network.
#pragma once

#include <autohttps/common/owned_fd.h>
#include <autohttps/server/tls/tls_session.h>
#include <autohttps/tests/support/memory_handshake.h>

#include <string>
#include <string_view>
#include <utility>

namespace autohttps {

std::pair<OwnedFd, OwnedFd> socket_pair();  // non-blocking
std::pair<OwnedFd, OwnedFd> loopback_pair(  // client and server of a TCP connection to `address`
    const char* address = "127.0.0.1");

class SessionPair {
 public:
  SessionPair(const TlsContext&, const TestClient&);
  // Any two ends of a stream.
  SessionPair(const TlsContext&, const TestClient&, OwnedFd client, OwnedFd server);

  // Both ends in turn until both are done (true), or neither gets any further.
  bool shake_hands();
  // What the client says about where it is now; negative SSL_do_handshake results end in `alert`.
  bool client_step();
  TlsSession::Need server_step();  // an event, then handshake()

  bool client_writes(std::string_view text);  // all of it
  std::string client_reads(std::size_t most = 64 * 1024);
  std::string server_reads();  // an event, then until it is drained or wants something

  SSL* client() const { return client_.get(); }
  int client_fd() const { return client_fd_.get(); }
  int server_fd() const { return server_fd_.get(); }
  void close_client() { client_fd_.reset(); }
  // The client's newest, TLS 1.3's tickets read.
  SessionPtr session();

  TlsSession server;
  TlsSession::Need need = TlsSession::Need::nothing;  // the server's last word
  int alert = 0;                                      // that the client was sent

 private:
  OwnedFd client_fd_, server_fd_;
  SslPtr client_;
};

}  // namespace autohttps
