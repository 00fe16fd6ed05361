// One connection's TLS, either side, on a non-blocking socket.
#pragma once

#include <autohttps/server/tls/socket_bio.h>
#include <autohttps/server/tls/tls_client_context.h>
#include <autohttps/server/tls/tls_context.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

typedef struct ssl_st SSL;

namespace autohttps {

// One thread at a time; stays where it is. Empty, it costs its own few bytes. Made for
// edge-triggered epoll: say note_event() for each event, then handshake() or read() until it asks
// for something or is drained().
class TlsSession {
 public:
  enum class Need : std::uint8_t {
    nothing,
    readable,     // call again after the next event of the socket
    writable,     // call again once the socket takes bytes
    certificate,  // when_certificate_is_ready()
    closed,  // the peer sends no more: close_notify or FIN. It may still listen: write() goes on
    failed   // not TLS, reset, refused: an alert has been sent if it could be. Final
  };

  TlsSession() noexcept = default;
  ~TlsSession() { reset(); }
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // `fd` is borrowed until reset(). False: no memory.
  bool open(const TlsContext&, int fd) noexcept;
  bool open(const TlsClientContext&, int fd) noexcept;  // the client's side
  void reset() noexcept;                                // frees all; says nothing to the peer
  explicit operator bool() const noexcept { return ssl_ != nullptr; }

  // nothing: done, and the first request may be here already: read(); unless it was for a
  // challenge.
  Need handshake() noexcept;
  // The handshake was the answer to a CA's question: nothing is read, the connection is to be
  // closed (RFC 8737 3).
  bool was_for_challenge() const noexcept;
  // After `certificate`: `ready` runs exactly once, on any thread, maybe at once in this call; then
  // handshake() is worth calling again. It may run after reset(), and so must not touch this.
  void when_certificate_is_ready(std::function<void()> ready);

  struct Moved {
    std::size_t bytes = 0;
    Need need = Need::nothing;  // tells more than nothing only where bytes is 0
  };
  // At most a record (16 KiB) a call.
  Moved read(std::span<char>) noexcept;
  // May write a part. After `writable` the same bytes come again, from any buffer, alone or with
  // more behind them: fewer, or others, break the connection (the record is sealed already).
  // `more_follows`: another write() or close_notify() comes at once, and one segment may carry
  // both.
  Moved write(std::span<const char>, bool more_follows = false) noexcept;

  // The socket was reported: it may have bytes again. `peer_ended`: with RDHUP, HUP or ERR, after
  // which no other event may come.
  void note_event(bool peer_ended) noexcept;
  // read() would find nothing before the next event.
  bool drained() const noexcept;
  // After `closed`: the peer said so, and nobody cut off what it sent (RFC 8446 6.1).
  bool ended_by_notice() const noexcept;

  // Best effort, never waits. FIN is expected to follow at once, and takes it along.
  void close_notify() noexcept;

  SSL* handle() const noexcept { return ssl_; }   // borrowed
  std::string_view server_name() const noexcept;  // that the peer asked for (RFC 6066 3), or empty

 private:
  bool take(SSL*, int fd) noexcept;
  Need need_after(int result) noexcept;
  Need end(Need need) noexcept;

  SSL* ssl_ = nullptr;
  SocketState socket_;
  Need ended_ = Need::nothing;  // closed or failed: not read again
};

}  // namespace autohttps
