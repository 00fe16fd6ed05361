#include <autohttps/server/sites/upstream_pool.h>

#include <autohttps/server/engine/coarse_clock.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace autohttps {

UpstreamPool::Kept UpstreamPool::take_one(const void* user) noexcept {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return {};
  auto chosen = std::ranges::find(idle_, user, &Kept::user);
  if (chosen == idle_.end()) --chosen;
  Kept kept = std::move(*chosen);
  idle_.erase(chosen);
  return kept;
}

std::unique_ptr<UpstreamConnection> UpstreamPool::take(const void* user) noexcept {
  const std::int64_t now = coarse_milliseconds();
  while (true) {
    Kept kept = take_one(user);
    if (!kept.connection) return nullptr;
    if (kept.until > now && kept.connection->is_still_good()) return std::move(kept.connection);
  }
}

bool UpstreamPool::put(std::unique_ptr<UpstreamConnection> connection, const void* user,
                       std::chrono::milliseconds idle) noexcept {
  connection->was_kept = true;
  try {
    const std::lock_guard lock(mutex_);
    if (closed_ || idle_.size() >= kMost) return false;
    idle_.push_back({std::move(connection), user, coarse_milliseconds() + idle.count()});
    return idle_.size() == 1;
  } catch (const std::exception&) {
    return false;
  }
}

void UpstreamPool::close_old(std::int64_t now) noexcept {
  std::vector<Kept> old;
  const std::lock_guard lock(mutex_);
  try {
    for (Kept& each : idle_) {
      if (each.until <= now) old.push_back(std::move(each));
    }
  } catch (const std::exception&) {
    // No memory: the next time.
  }
  std::erase_if(idle_, [](const Kept& each) { return each.connection == nullptr; });
}

void UpstreamPool::close_all() noexcept {
  std::vector<Kept> all;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  all.swap(idle_);
}

std::size_t UpstreamPool::size() const noexcept {
  const std::lock_guard lock(mutex_);
  return idle_.size();
}

}  // namespace autohttps
