// The addresses of an upstream, looked up when they are needed and again when they are old.
#pragma once

#include <autohttps/server/sites/upstream_url.h>

#include <sys/socket.h>

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

// Thread-safe. A name is looked up by whoever needs it, never before: a server starts whether or
// not DNS answers. What an answer says holds for some seconds, and longer while there is no other.
class UpstreamAddresses {
 public:
  using List = std::shared_ptr<const std::vector<SocketAddress>>;  // null: none known

  explicit UpstreamAddresses(const UpstreamUrl&);

  // At once. `old`: the caller shall look_up(), if it can wait; nobody else is told so meanwhile.
  List known(bool& old) noexcept;
  // Waits for DNS, or for somebody who waits for it. Null: no address, and `trouble` says why.
  List look_up(std::string& trouble);

 private:
  void set_numeric();

  const std::string host_;
  const std::uint16_t port_;
  bool fixed_ = false;  // a socket or a numeric address
  std::mutex asking_;   // held while DNS is asked
  std::mutex mutex_;    // guards what follows
  List list_;
  std::string trouble_;
  std::int64_t old_at_ = 0;  // steady milliseconds
};

}  // namespace autohttps
