// Whether an upstream is worth asking, and what the operator is told about it.
#pragma once

#include <autohttps/common/event.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace autohttps {

// Thread-safe. Times are steady milliseconds. After a failure an upstream is left out for a while,
// longer after each; then one request tries whether it is back. A check that fails leaves it out
// until one succeeds.
class UpstreamHealth {
 public:
  static constexpr std::int64_t kFirstPause = 1'000;
  static constexpr std::int64_t kLongestPause = 60'000;

  // `hint`: what its failure means for visitors.
  UpstreamHealth(std::string name, std::string hint, EventSink);

  bool is_well() const noexcept { return well_.load(std::memory_order_relaxed); }
  // It is not well and its pause is over: the caller tries it, nobody else for a while.
  bool is_to_be_tried(std::int64_t now) noexcept;

  void note_success() noexcept;  // costs nothing while it is well
  // The first failure, and that it answers again, are told; not each.
  void note_failure(const std::string& trouble, std::int64_t now) noexcept;
  void note_check(bool good, const std::string& trouble, std::int64_t now) noexcept;

 private:
  void recover() noexcept;
  void tell(Event) const noexcept;

  const std::string name_;
  const std::string hint_;
  const EventSink events_;
  std::atomic<bool> well_{true};

  std::mutex mutex_;  // guards what follows
  std::int64_t pause_ = 0;
  std::int64_t out_until_ = 0;
  std::int64_t told_at_ = -kLongestPause;
  bool told_ = false;
  int failed_checks_ = 0;
};

}  // namespace autohttps
