// A server of ours on a free port, running until the end of the test.
#pragma once

#include <autohttps/server/engine/listener.h>

#include <cstdint>
#include <thread>
#include <utility>

namespace autohttps {

template <typename Server>
class RunningServer {
 public:
  template <typename... Arguments>
  explicit RunningServer(Arguments&&... arguments)
      : server_(std::forward<Arguments>(arguments)...) {
    OwnedFd listening = listen_tcp("", 0);
    port_ = bound_port(listening.get());
    server_.adopt(std::move(listening));
  }
  ~RunningServer() { stop(); }

  // Routes first, then this.
  void start() {
    thread_ = std::thread([this] { server_.serve_adopted(); });
  }
  void stop() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Server* operator->() noexcept { return &server_; }
  Server& operator*() noexcept { return server_; }
  std::uint16_t port() const noexcept { return port_; }

 private:
  Server server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace autohttps
