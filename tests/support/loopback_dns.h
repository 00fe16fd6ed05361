// A DNS server on loopback that says what a test told it to, by UDP and TCP on the same free port.
#pragma once

#include <autohttps/common/owned_fd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace autohttps {

class LoopbackDns {
 public:
  // From the question's packet to the answer's; empty: silence. On the server's own thread.
  using Answer = std::function<std::optional<std::string>(const std::string& query, bool tcp)>;

  // `port` 0: a free one.
  explicit LoopbackDns(Answer answer, int family = AF_INET, in_addr_t address = INADDR_LOOPBACK,
                       std::uint16_t port = 0)
      : answer_(std::move(answer)) {
    for (int tries = 0; tries < 20 && !bind_both(family, address, port); ++tries) {
    }
    if (!tcp_) throw std::runtime_error("no port for a DNS server");
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }

  std::uint16_t port() const { return port_; }
  int asked_by_udp() const { return udp_asked_; }
  int asked_by_tcp() const { return tcp_asked_; }

 private:
  // UDP's port is the kernel's choice; TCP's may be taken by then.
  bool bind_both(int family, in_addr_t at, std::uint16_t port) {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_in);
    storage.ss_family = static_cast<sa_family_t>(family);
    auto& four = reinterpret_cast<sockaddr_in&>(storage);
    auto& six = reinterpret_cast<sockaddr_in6&>(storage);
    if (family == AF_INET) {
      four.sin_addr.s_addr = htonl(at);
      four.sin_port = htons(port);
    } else {
      six.sin6_addr = in6addr_loopback;
      size = sizeof(sockaddr_in6);
    }
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    OwnedFd udp(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    OwnedFd tcp(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(udp.get(), address, size) != 0 || ::getsockname(udp.get(), address, &size) != 0 ||
        ::bind(tcp.get(), address, size) != 0 || ::listen(tcp.get(), 8) != 0) {
      return false;
    }
    port_ = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
    udp_ = std::move(udp);
    tcp_ = std::move(tcp);
    return true;
  }

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::array<pollfd, 2> fds = {{{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), 10) <= 0) continue;
      if (fds[0].revents != 0) serve_udp();
      if (fds[1].revents != 0) serve_tcp();
    }
  }

  void serve_udp() {
    std::string query(65535, '\0');
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto* address = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = ::recvfrom(udp_.get(), query.data(), query.size(), 0, address, &size);
    if (got < 0) return;
    query.resize(static_cast<std::size_t>(got));
    ++udp_asked_;
    if (const auto out = answer_(query, false)) {
      ::sendto(udp_.get(), out->data(), out->size(), 0, address, size);
    }
  }

  void serve_tcp() {
    const OwnedFd connection(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::string query(65535, '\0');
    const ssize_t got = ::recv(connection.get(), query.data(), query.size(), 0);
    if (got < 2) return;
    ++tcp_asked_;
    const auto out = answer_(query.substr(2, static_cast<std::size_t>(got) - 2), true);
    if (!out) return;
    const std::string head = {static_cast<char>(out->size() >> 8U),
                              static_cast<char>(out->size() & 0xffU)};
    // In two pieces, as a network may cut it.
    for (const std::string& part : {head, *out}) {
      ::send(connection.get(), part.data(), part.size(), MSG_NOSIGNAL);
    }
  }

  const Answer answer_;
  OwnedFd udp_, tcp_;
  std::uint16_t port_ = 0;
  std::atomic<int> udp_asked_ = 0, tcp_asked_ = 0;
  std::jthread thread_;
};

}  // namespace autohttps
