// Connections of one load client in one epoll.
#pragma once

#include <autohttps/tests/bench/servers/tls_client.h>

#include <sys/epoll.h>

#include <array>
#include <deque>

namespace autohttps::bench {

class ClientPool {
 public:
  explicit ClientPool(std::size_t size) : clients_(size) {}

  std::size_t size() const noexcept { return clients_.size(); }
  TlsClient& operator[](std::size_t index) { return clients_[index]; }
  void connect(std::size_t index, const ConnectPlan& plan) {
    clients_[index].connect(plan, context_.get(), epoll_.get(), index);
  }

  // What happened within `wait`: `on_event(index, event)`, which may connect, send and close.
  template <typename OnEvent>
  void poll(std::chrono::milliseconds wait, OnEvent&& on_event) {
    std::array<epoll_event, 256> ready;
    const int count = ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()),
                                   static_cast<int>(wait.count()));
    for (int i = 0; i < count; ++i) {
      const std::size_t index = ready[static_cast<std::size_t>(i)].data.u64;
      TlsClient& client = clients_[index];
      TlsClient::Event event;
      do {  // what OpenSSL has read already, epoll tells nobody
        event = client.advance();
        if (event != TlsClient::Event::nothing) on_event(index, event);
      } while (event != TlsClient::Event::nothing && client.pending());
    }
  }

 private:
  const SslContextPtr context_ = make_client_context();
  const OwnedFd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  std::deque<TlsClient> clients_;  // their addresses stand in SSL objects
};

}  // namespace autohttps::bench
