// GET /metrics and /health, for this machine alone.
#pragma once

#include <autohttps/server/auto_https/certificate_facts.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

// Where it listens: a loopback address and a port, or a Unix socket.
struct MetricsAddress {
  std::string host{};
  std::uint16_t port = 0;
  std::filesystem::path socket{};
};

// "127.0.0.1:9180", "[::1]:9180", "localhost:9180", "unix:/run/autohttps/metrics.sock". Throws
// Error(config): it is none of these, or others than this machine would see what is told.
MetricsAddress parse_metrics_address(std::string_view);

// What is told; called on threads of the server's own, one at a time or several. May throw.
struct MetricsAnswers {
  std::function<std::string()> metrics;
  std::function<std::vector<Problem>()> health;  // none: all is well
};

// On threads of its own. A request whose Host is no loopback name is refused, for a page in a
// browser may give its own name our address (DNS rebinding). Thread-safe.
class MetricsServer {
 public:
  // Listens. Throws Error(port | permission).
  MetricsServer(const MetricsAddress&, MetricsAnswers);
  ~MetricsServer();  // stop(), and the socket's file goes

  void start();  // once
  void stop() noexcept;
  std::uint16_t port() const noexcept;  // 0: a Unix socket

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace autohttps
