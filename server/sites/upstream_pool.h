// Connections to one upstream that wait for their next request.
#pragma once

#include <autohttps/server/sites/upstream_connection.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace autohttps {

// Thread-safe.
class UpstreamPool {
 public:
  static constexpr std::size_t kMost = 256;
  static constexpr std::chrono::milliseconds kIdle{60'000};

  // The youngest, which is the least likely to be dead, and is not; null: none.
  std::unique_ptr<UpstreamConnection> take() noexcept;
  // Kept so long; or closed, being one too many. True: it is the first.
  bool put(std::unique_ptr<UpstreamConnection>, std::chrono::milliseconds idle = kIdle) noexcept;

  void close_old(std::int64_t now) noexcept;  // steady milliseconds
  void close_all() noexcept;                  // and what comes from now on
  std::size_t size() const noexcept;

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;
  bool closed_ = false;
};

}  // namespace autohttps
