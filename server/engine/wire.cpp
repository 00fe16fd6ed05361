#include <autohttps/server/engine/wire.h>

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace autohttps {

bool peer_is_there(int socket) noexcept {
  char byte = 0;
  const ssize_t got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

bool Wire::open(OwnedFd fd, const TlsContext* context) noexcept {
  fd_ = std::move(fd);
  drained_ = true;
  peer_ended_ = false;
  if (context == nullptr || tls_.open(*context, fd_.get())) return true;
  fd_.reset();
  return false;
}

void Wire::close() noexcept {
  tls_.reset();
  fd_.reset();
}

Wire::Moved Wire::read(std::span<char> into) noexcept {
  if (tls_) return tls_.read(into);
  if (drained()) return {0, Need::readable};
  ssize_t count = 0;
  do {
    count = ::recv(fd_.get(), into.data(), into.size(), 0);
  } while (count < 0 && errno == EINTR);
  drained_ = count < static_cast<ssize_t>(into.size());
  if (count > 0) return {static_cast<std::size_t>(count), Need::nothing};
  if (count == 0) return {0, Need::closed};
  return {0, errno == EAGAIN ? Need::readable : Need::failed};
}

Wire::Moved Wire::write(std::string_view bytes, bool more_follows) noexcept {
  if (tls_) return tls_.write({bytes.data(), bytes.size()}, more_follows);
  ssize_t count = 0;
  do {
    count =
        ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0));
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return {static_cast<std::size_t>(count), Need::nothing};
  return {0, errno == EAGAIN ? Need::writable : Need::failed};
}

void Wire::note_event(bool peer_ended) noexcept {
  drained_ = false;
  peer_ended_ = peer_ended_ || peer_ended;
  if (tls_) tls_.note_event(peer_ended);
}

void Wire::end_writing() noexcept {
  end_tls();
  ::shutdown(fd_.get(), SHUT_WR);
}

}  // namespace autohttps
