#include <autohttps/server/sites/upstream_pool.h>

#include <autohttps/server/engine/coarse_clock.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace autohttps {

std::unique_ptr<UpstreamConnection> UpstreamPool::take() noexcept {
  const std::int64_t now = coarse_milliseconds();
  while (true) {
    std::unique_ptr<UpstreamConnection> youngest;
    {
      const std::lock_guard lock(mutex_);
      if (idle_.empty()) return nullptr;
      youngest = std::move(idle_.back());
      idle_.pop_back();
    }
    if (youngest->idle_until > now && youngest->is_still_good()) return youngest;
  }
}

bool UpstreamPool::put(std::unique_ptr<UpstreamConnection> connection,
                       std::chrono::milliseconds idle) noexcept {
  connection->was_kept = true;
  connection->idle_until = coarse_milliseconds() + idle.count();
  try {
    const std::lock_guard lock(mutex_);
    if (closed_ || idle_.size() >= kMost) return false;
    idle_.push_back(std::move(connection));
    return idle_.size() == 1;
  } catch (const std::exception&) {
    return false;
  }
}

void UpstreamPool::close_old(std::int64_t now) noexcept {
  std::vector<std::unique_ptr<UpstreamConnection>> old;
  const std::lock_guard lock(mutex_);
  const auto is_old = [now](const auto& each) { return each->idle_until <= now; };
  try {
    for (auto& each : idle_) {
      if (is_old(each)) old.push_back(std::move(each));
    }
  } catch (const std::exception&) {
    // No memory: the next time.
  }
  std::erase(idle_, nullptr);
}

void UpstreamPool::close_all() noexcept {
  std::vector<std::unique_ptr<UpstreamConnection>> all;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  all.swap(idle_);
}

std::size_t UpstreamPool::size() const noexcept {
  const std::lock_guard lock(mutex_);
  return idle_.size();
}

}  // namespace autohttps
