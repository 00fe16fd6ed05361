#include <autohttps/tests/support/session_pair.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <tuple>
#include <utility>

namespace autohttps {
namespace {

std::pair<OwnedFd, OwnedFd> joined() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw Error(ErrorCode::internal, "no socket pair");
  }
  return {OwnedFd(ends[0]), OwnedFd(ends[1])};
}

}  // namespace

SessionPair::SessionPair(const TlsContext& context, const TestClient& plan) {
  std::tie(client_fd_, server_fd_) = joined();
  client_ = make_client(plan);
  SSL_set_fd(client_.get(), client_fd_.get());
  server.open(context, server_fd_.get());
}

SessionPair::SessionPair(const TlsContext& context, const TestClient& plan, OwnedFd client,
                         OwnedFd server_end)
    : client_fd_(std::move(client)), server_fd_(std::move(server_end)), client_(make_client(plan)) {
  ::fcntl(client_fd_.get(), F_SETFL, O_NONBLOCK);
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
