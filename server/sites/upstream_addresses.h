// The addresses of an upstream, looked up when they are needed and again when they are old.
#pragma once

#include <autohttps/server/sites/upstream_url.h>

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace autohttps {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&bytes); }
};

// Thread-safe. A name is looked up when a request needs it, never before: a server starts whether
// or not DNS answers. What an answer says holds for some seconds, and longer while there is no
// other; so only who comes first has to wait.
class UpstreamAddresses {
 public:
  using List = std::shared_ptr<const std::vector<SocketAddress>>;  // null: none known

  static constexpr std::chrono::milliseconds kFresh{10'000};  // containers restart elsewhere

  explicit UpstreamAddresses(const UpstreamUrl&, std::chrono::milliseconds fresh = kFresh);

  // At once. `old`: somebody shall look_up() who can wait; nobody else is told so for a while.
  List known(bool& old) noexcept;
  // Waits for DNS, or for somebody who waits for it. Null: no address, and `trouble` says why.
  List look_up(std::string& trouble);
  bool is_wanted_anew() const noexcept { return wanted_; }  // it was old, and nobody has looked yet

 private:
  const std::string host_;
  const std::uint16_t port_;
  const std::int64_t fresh_;
  bool fixed_ = false;  // a socket or a numeric address
  std::atomic<bool> wanted_{false};
  std::mutex asking_;  // held while DNS is asked
  std::mutex mutex_;   // guards what follows
  List list_;
  std::string trouble_;
  std::int64_t old_at_ = 0;  // steady milliseconds
};

}  // namespace autohttps
