// Which handlers are slow: learnt from what they took.
#pragma once

#include <httplib.h>

#include <autohttps/server/engine/coarse_clock.h>
#include <autohttps/server/engine/exchange.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace autohttps {

// One a registered handler, whatever path it was met by. Thread-safe. A handler that takes longer
// than a few hundred microseconds holds up all that its thread would have done next: once it has
// been slow, it runs without the lead; a few dozen quick runs in a row, and it is trusted again.
class RouteMemory {
 public:
  bool is_slow() const noexcept { return score_.load(std::memory_order_relaxed) >= kSlow; }
  void note(std::chrono::steady_clock::duration took) noexcept {
    const int score = score_.load(std::memory_order_relaxed);
    if (took > kQuick) {
      score_.store(std::min(score + kPenalty, kMost), std::memory_order_relaxed);
    } else if (score > 0) {
      score_.store(score - 1, std::memory_order_relaxed);
    }
  }

 private:
  static constexpr std::chrono::microseconds kQuick{300};
  static constexpr int kPenalty = 32;
  static constexpr int kSlow = 32;
  static constexpr int kMost = 256;
  std::atomic<int> score_{0};
};

// What a handler's run took, and before it the lead given away where that is wise.
class MeasuredRun {
 public:
  explicit MeasuredRun(RouteMemory& memory) : memory_(memory) {
    if (memory.is_slow()) give_lead_away();
  }
  ~MeasuredRun() { memory_.note(std::chrono::steady_clock::now() - began_); }
  MeasuredRun(const MeasuredRun&) = delete;
  MeasuredRun& operator=(const MeasuredRun&) = delete;

 private:
  RouteMemory& memory_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

// The same for handlers that were registered through a reference to httplib::Server, where nothing
// of ours is wrapped around them: by the path of their requests, coarsely, and without a look at a
// clock that costs anything. Paths with a number in them are strangers each time, and left to the
// engine's monitor. Thread-safe.
class SlowPaths {
 public:
  class Run {
   public:
    Run(SlowPaths& paths, const HeadView& head) : memory_(paths.of(head)) {
      if (memory_.is_slow()) give_lead_away();
    }
    ~Run() {
      const auto took = std::chrono::milliseconds(coarse_milliseconds() - began_);
      memory_.note(took >= kSurelySlow ? took : std::chrono::milliseconds(0));
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

   private:
    // The clock ticks every 4 ms, and any quick run may meet a tick.
    static constexpr std::chrono::milliseconds kSurelySlow{8};

    RouteMemory& memory_;
    const std::int64_t began_ = coarse_milliseconds();
  };

 private:
  RouteMemory& of(const HeadView& head) noexcept {
    const std::string_view path = head.target.substr(0, head.target.find('?'));
    return paths_[std::hash<std::string_view>()(path) % paths_.size()];
  }
  std::array<RouteMemory, 1'024> paths_{};
};

template <typename Handler>
auto measured(Handler handler) {
  auto memory = std::make_shared<RouteMemory>();
  if constexpr (std::is_invocable_v<Handler&, const httplib::Request&, httplib::Response&>) {
    return httplib::Server::Handler(
        [memory, handler = std::move(handler)](const httplib::Request& request,
                                               httplib::Response& response) {
          const MeasuredRun run(*memory);
          handler(request, response);
        });
  } else {
    return httplib::Server::HandlerWithContentReader(
        [memory, handler = std::move(handler)](const httplib::Request& request,
                                               httplib::Response& response,
                                               const httplib::ContentReader& reader) {
          const MeasuredRun run(*memory);
          handler(request, response, reader);
        });
  }
}

}  // namespace autohttps
