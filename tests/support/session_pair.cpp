#include <autohttps/tests/support/session_pair.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <tuple>
#include <utility>

namespace autohttps {

std::pair<OwnedFd, OwnedFd> socket_pair() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw Error(ErrorCode::internal, "no socket pair");
  }
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

std::pair<OwnedFd, OwnedFd> loopback_pair(const char* address) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  ::inet_pton(AF_INET, address, &at.sin_addr);
  socklen_t size = sizeof at;
  auto* generic = reinterpret_cast<sockaddr*>(&at);
  const OwnedFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  OwnedFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool good = ::bind(listener.get(), generic, size) == 0 &&
                    ::listen(listener.get(), 1) == 0 &&
                    ::getsockname(listener.get(), generic, &size) == 0 &&
                    ::connect(client.get(), generic, size) == 0;
  if (!good) throw Error(ErrorCode::internal, "no connection to " + std::string(address));
  OwnedFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  ::fcntl(client.get(), F_SETFL, O_NONBLOCK);
  return {std::move(client), std::move(server)};
}

SessionPair::SessionPair(const TlsContext& context, const TestClient& plan) {
  std::tie(client_fd_, server_fd_) = socket_pair();
  client_ = make_client(plan);
  SSL_set_fd(client_.get(), client_fd_.get());
  server.open(context, server_fd_.get());
}

SessionPair::SessionPair(const TlsContext& context, const TestClient& plan, OwnedFd client,
                         OwnedFd server_end)
    : client_fd_(std::move(client)), server_fd_(std::move(server_end)), client_(make_client(plan)) {
  SSL_set_fd(client_.get(), client_fd_.get());
  server.open(context, server_fd_.get());
}

bool SessionPair::client_step() {
  const int result = SSL_do_handshake(client_.get());
  if (result == 1) return true;
  const int error = SSL_get_error(client_.get(), result);
  if (error == SSL_ERROR_SSL) alert = take_alert();
  return false;
}

TlsSession::Need SessionPair::server_step() {
  server.note_event(false);
  return need = server.handshake();
}

bool SessionPair::shake_hands() {
  constexpr int kMostFlights = 10;
  for (int i = 0; i < kMostFlights; ++i) {
    const bool client_done = client_step();
    const bool server_done = server_step() == TlsSession::Need::nothing;
    if (client_done && server_done) return true;
    if (need == TlsSession::Need::failed || need == TlsSession::Need::closed) {
      client_step();  // the alert
      return false;
    }
    if (need == TlsSession::Need::certificate) return false;
  }
  return false;
}

bool SessionPair::client_writes(std::string_view text) {
  return SSL_write(client_.get(), text.data(), static_cast<int>(text.size())) ==
         static_cast<int>(text.size());
}

std::string SessionPair::client_reads(std::size_t most) {
  std::string all;
  std::array<char, 16 * 1024> part;
  while (all.size() < most) {
    const int got = SSL_read(client_.get(), part.data(), static_cast<int>(part.size()));
    if (got <= 0) {
      if (SSL_get_error(client_.get(), got) == SSL_ERROR_SSL) alert = take_alert();
      break;
    }
    all.append(part.data(), static_cast<std::size_t>(got));
  }
  return all;
}

std::string SessionPair::server_reads() {
  std::string all;
  std::array<char, 16 * 1024> part;
  server.note_event(false);
  need = TlsSession::Need::nothing;
  while (!server.drained()) {
    const TlsSession::Moved moved = server.read(part);
    need = moved.need;
    if (moved.bytes == 0) break;
    all.append(part.data(), moved.bytes);
  }
  return all;
}

SessionPtr SessionPair::session() {
  char none = 0;
  SSL_peek(client_.get(), &none, 1);
  take_alert();
  return SessionPtr(SSL_get1_session(client_.get()));
}

}  // namespace autohttps
