// A connection to an upstream: plain, TLS or a Unix socket, without waiting.
#pragma once

#include <autohttps/common/owned_fd.h>
#include <autohttps/server/engine/buffer.h>
#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/sites/upstream_addresses.h>
#include <autohttps/server/tls/tls_session.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace autohttps {

// One thread at a time. Bytes to be sent are put into out() and flush()ed; what comes is taken from
// in() or past it.
class UpstreamConnection {
 public:
  // Begins to connect; whether it can be is told by flush(). Null with `trouble`: it cannot.
  static std::unique_ptr<UpstreamConnection> begin(const SocketAddress&, const TlsClientContext*,
                                                   std::string& trouble);

  Buffer& in() noexcept { return in_; }
  Buffer& out() noexcept { return out_; }

  enum class Flow : std::uint8_t { done, blocked, failed };
  Flow flush() noexcept;
  // More behind in()'s content: as many bytes as are said. `end`: it has sent its last, and nobody
  // cut that off.
  Pulled fill();
  Pulled read(std::span<char>) noexcept;  // in() is empty

  // What epoll or poll said; before anything else.
  void note_event() noexcept;
  bool is_established() const noexcept { return established_; }
  // Kept open, it has neither been closed nor said anything: the next request may go here.
  bool is_still_good() noexcept;
  void end_writing() noexcept;
  std::string trouble() const;  // why it failed, in words

  int fd() const noexcept { return fd_.get(); }
  WatchTag& tag() noexcept { return tag_; }

  bool was_kept = false;  // carried a request before

 private:
  UpstreamConnection() = default;
  bool shake_hands() noexcept;  // false: not yet, or failed_
  TlsSession::Moved write(std::string_view) noexcept;
  TlsSession::Moved receive(std::span<char>) noexcept;

  OwnedFd fd_;
  TlsSession tls_;
  Buffer in_, out_;
  WatchTag tag_;
  int error_ = 0;
  bool established_ = false;
  bool failed_ = false;
};

}  // namespace autohttps
