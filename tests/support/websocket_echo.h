// A WebSocket server that says back what it is told (RFC 6455), for tests of those in front of it.
#pragma once

#include <autohttps/common/owned_fd.h>

#include <atomic>
#include <cstdint>
#include <thread>

namespace autohttps {

// Plain, on loopback; a thread a connection. Answers "/refused" with 403 instead of 101.
class WebSocketEcho {
 public:
  WebSocketEcho();
  ~WebSocketEcho();
  std::uint16_t port() const noexcept { return port_; }
  int opened() const noexcept { return opened_; }  // handshakes accepted so far

 private:
  void accept_all(const std::stop_token&);
  void serve(OwnedFd);

  OwnedFd listening_;
  std::uint16_t port_ = 0;
  std::atomic<int> opened_{0};
  std::jthread thread_;
};

}  // namespace autohttps
