// A plain server on loopback that answers each connection with bytes of the test's own.
#pragma once

#include <autohttps/common/owned_fd.h>
#include <autohttps/server/engine/listener.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace autohttps {

// One connection at a time: takes in a head (or what else ends a request; empty: a byte), keeps it,
// writes `answer`, and closes, or waits until the client is gone. Thread-safe.
class RawPeer {
 public:
  enum class Then { close, wait };
  explicit RawPeer(std::string answer, Then then = Then::close,
                   std::string end_of_request = "\r\n\r\n")
      : answer_(std::move(answer)),
        then_(then),
        end_(std::move(end_of_request)),
        listening_(listen_tcp("127.0.0.1", 0)),
        port_(bound_port(listening_.get())),
        thread_([this] { serve(); }) {}
  ~RawPeer() {
    ::shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  void serve() {
    for (;;) {
      const OwnedFd client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      if (!read_until(client.get(), end_)) continue;
      ::send(client.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
      if (then_ == Then::wait) {
        while (read_until(client.get(), {})) {
        }
      }
    }
  }
  bool read_until(int client, const std::string& end) {
    std::array<char, 4096> buffer;
    for (;;) {
      const ssize_t count = ::read(client, buffer.data(), buffer.size());
      if (count <= 0) return false;
      const std::lock_guard lock(mutex_);
      received_.append(buffer.data(), static_cast<std::size_t>(count));
      if (received_.find(end) != std::string::npos) return true;
    }
  }

  const std::string answer_;
  const Then then_;
  const std::string end_;
  const OwnedFd listening_;
  const std::uint16_t port_;
  mutable std::mutex mutex_;  // guards received_
  std::string received_;
  std::thread thread_;
};

}  // namespace autohttps
