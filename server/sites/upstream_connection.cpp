#include <autohttps/common/descriptor_limit.h>
#include <autohttps/server/sites/upstream_connection.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace autohttps {
namespace {

using Need = TlsSession::Need;

void send_at_once(int fd) noexcept {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

std::unique_ptr<UpstreamConnection> UpstreamConnection::begin(const SocketAddress& address,
                                                              const TlsClientContext* tls,
                                                              std::string& trouble) {
  std::unique_ptr<UpstreamConnection> made(new UpstreamConnection);
  const int family = address.get()->sa_family;
  made->fd_ = OwnedFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made->fd_) {
    trouble = std::strerror(errno);
    return nullptr;
  }
  if (is_of_the_last_descriptors(made->fd())) {
    trouble = std::strerror(EMFILE);
    return nullptr;
  }
  if (family != AF_UNIX) send_at_once(made->fd());
  // A Unix socket's EAGAIN is a full queue of its listener's: nothing would tell when it is not.
  if (::connect(made->fd(), address.get(), address.size) != 0 && errno != EINPROGRESS) {
    trouble = std::strerror(errno);
    return nullptr;
  }
  if (tls != nullptr && !made->tls_.open(*tls, made->fd())) {
    trouble = std::strerror(ENOMEM);
    return nullptr;
  }
  return made;
}

void UpstreamConnection::note_event() noexcept {
  if (tls_) tls_.note_event(false);
}

bool UpstreamConnection::shake_hands() noexcept {
  errno = 0;
  switch (tls_.handshake()) {
    case Need::nothing:
      established_ = true;
      return true;
    case Need::readable:
    case Need::writable:
      return false;
    default:
      error_ = errno;
      failed_ = true;
      return false;
  }
}

TlsSession::Moved UpstreamConnection::write(std::string_view bytes) noexcept {
  if (tls_) return tls_.write({bytes.data(), bytes.size()});
  ssize_t count = 0;
  do {
    count = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return {static_cast<std::size_t>(count), Need::nothing};
  return {0, errno == EAGAIN ? Need::writable : Need::failed};
}

UpstreamConnection::Flow UpstreamConnection::flush() noexcept {
  if (failed_) return Flow::failed;
  if (tls_ && !established_ && !shake_hands()) return failed_ ? Flow::failed : Flow::blocked;
  while (!out_.empty()) {
    errno = 0;
    // While it connects this says EAGAIN, and then why it could not.
    const TlsSession::Moved moved = write(out_.view());
    if (moved.bytes > 0) {
      established_ = true;
      out_.consume(moved.bytes);
    } else if (moved.need == Need::writable || moved.need == Need::readable) {
      return Flow::blocked;
    } else {
      error_ = errno;
      failed_ = true;
      return Flow::failed;
    }
  }
  return Flow::done;
}

TlsSession::Moved UpstreamConnection::receive(std::span<char> into) noexcept {
  if (tls_) return tls_.read(into);
  ssize_t count = 0;
  do {
    count = ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count > 0) return {static_cast<std::size_t>(count), Need::nothing};
  if (count == 0) return {0, Need::closed};
  return {0, errno == EAGAIN ? Need::readable : Need::failed};
}

Pulled UpstreamConnection::read(std::span<char> into) noexcept {
  if (!established_) return {Pulled::Kind::later};
  const TlsSession::Moved moved = receive(into);
  if (moved.bytes > 0) return Pulled::some(moved.bytes);
  switch (moved.need) {
    case Need::readable:
    case Need::writable:
      return {Pulled::Kind::later};
    case Need::closed:
      // RFC 9112 9.8: without a close_notify somebody else may have ended it.
      if (!tls_ || tls_.ended_by_notice()) return {Pulled::Kind::end};
      break;
    default:
      error_ = errno;
      break;
  }
  return {Pulled::Kind::broken};
}

Pulled UpstreamConnection::fill() {
  const Pulled got = read(in_.space(1));
  if (got.kind == Pulled::Kind::bytes) {
    in_.grow(got.bytes);
  } else if (in_.empty()) {
    in_.clear();
  } else {
    in_.shrink();
  }
  return got;
}

bool UpstreamConnection::is_still_good() noexcept {
  char byte = 0;
  if (!tls_) {
    const ssize_t got = ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EINTR);
  }
  // Tickets may have come, which are nobody's answer.
  tls_.note_event(false);
  return tls_.read({&byte, 1}).need == Need::readable;
}

void UpstreamConnection::end_writing() noexcept {
  if (tls_) tls_.close_notify();
  ::shutdown(fd(), SHUT_WR);
}

std::string UpstreamConnection::trouble() const {
  if (tls_ && !established_) {
    return error_ != 0 ? std::strerror(error_) : verification_trouble(tls_.handle());
  }
  return error_ != 0 ? std::strerror(error_) : "it closed the connection";
}

}  // namespace autohttps
