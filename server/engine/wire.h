// The bytes of one connection, plain or TLS, without waiting.
#pragma once

#include <autohttps/common/owned_fd.h>
#include <autohttps/server/tls/tls_session.h>

#include <span>
#include <string_view>

namespace autohttps {

class TlsContext;

// Asks the socket: false when its peer sends no more, or it has failed.
bool peer_is_there(int socket) noexcept;

// Of one thread at a time.
class Wire {
 public:
  using Need = TlsSession::Need;
  using Moved = TlsSession::Moved;

  // Null: plain. False: no memory for TLS.
  bool open(OwnedFd, const TlsContext*) noexcept;
  void close() noexcept;

  Need handshake() noexcept { return tls_ ? tls_.handshake() : Need::nothing; }
  bool was_for_challenge() const noexcept { return tls_ && tls_.was_for_challenge(); }
  Moved read(std::span<char>) noexcept;
  // A retry after `writable`: see TlsSession::write. `more_follows`: another write(), or
  // end_writing(), does at once, and shares a segment with it.
  Moved write(std::string_view, bool more_follows = false) noexcept;
  // The socket was reported: read() asks it again.
  void note_event(bool peer_ended) noexcept;
  // read() would bring nothing before the next event.
  bool drained() const noexcept { return tls_ ? tls_.drained() : drained_ && !peer_ended_; }
  // close_notify; FIN then comes by close(), or by shutting down.
  void end_tls() noexcept {
    if (tls_) tls_.close_notify();
  }
  void end_writing() noexcept;  // close_notify, FIN

  int fd() const noexcept { return fd_.get(); }
  bool is_tls() const noexcept { return static_cast<bool>(tls_); }
  TlsSession& tls() noexcept { return tls_; }
  const TlsSession& tls() const noexcept { return tls_; }

 private:
  OwnedFd fd_;
  TlsSession tls_;
  bool drained_ = true;
  bool peer_ended_ = false;
};

}  // namespace autohttps
