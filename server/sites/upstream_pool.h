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

  // That which `user` had before: the kernel need not be told whom it wakes then. Else the
  // youngest, which is the least likely to be dead. None that is dead; null: none.
  std::unique_ptr<UpstreamConnection> take(const void* user) noexcept;
  // Kept so long; or closed, being one too many. True: it is the first.
  bool put(std::unique_ptr<UpstreamConnection>, const void* user,
           std::chrono::milliseconds idle = kIdle) noexcept;

  void close_old(std::int64_t now) noexcept;  // steady milliseconds
  void close_all() noexcept;                  // and what comes from now on
  std::size_t size() const noexcept;

 private:
  struct Kept {
    std::unique_ptr<UpstreamConnection> connection;
    const void* user;    // compared, never followed
    std::int64_t until;  // steady milliseconds
  };
  Kept take_one(const void* user) noexcept;

  mutable std::mutex mutex_;  // guards what follows
  std::vector<Kept> idle_;    // the youngest last
  bool closed_ = false;
};

}  // namespace autohttps
