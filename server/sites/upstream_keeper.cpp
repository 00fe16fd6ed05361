#include <autohttps/server/sites/upstream_keeper.h>

#include <autohttps/server/engine/coarse_clock.h>
#include <autohttps/server/sites/health_check.h>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace autohttps {
namespace {

constexpr std::chrono::milliseconds kCheck{5'000};  // for one upstream's answer

}  // namespace

UpstreamKeeper::UpstreamKeeper(std::shared_ptr<UpstreamGroup> group,
                               std::chrono::milliseconds round)
    : group_(std::move(group)), round_(round) {
  if (!group_->options().health_check.empty()) wake();
}

UpstreamKeeper::~UpstreamKeeper() { stop(); }

void UpstreamKeeper::wake() noexcept {
  touched_ = true;
  if (!sleeps_) return;
  try {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    sleeps_ = false;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    changed_.notify_all();
  } catch (const std::exception&) {
    // No thread to be had: whoever takes a connection looks whether it is old.
  }
}

void UpstreamKeeper::stop() noexcept {
  std::thread ending;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ending.swap(thread_);
    changed_.notify_all();
  }
  if (ending.joinable()) ending.join();
  for (const auto& each : group_->all()) each->pool.close_all();
}

void UpstreamKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    touched_ = false;
    lock.unlock();
    const bool more = look();
    lock.lock();
    // What is taken and kept all the time does not wake it each time: it looks once a round.
    changed_.wait_for(lock, round_, [this] { return stopping_.load(); });
    if (more || stopping_) continue;
    sleeps_ = true;  // before the look at touched_: who touches looks at this one after it
    if (touched_) sleeps_ = false;
    changed_.wait(lock, [this] { return stopping_ || !sleeps_; });
  }
}

bool UpstreamKeeper::look() {
  const std::string& path = group_->options().health_check;
  bool more = !path.empty();
  for (const auto& each : group_->all()) {
    each->pool.close_old(coarse_milliseconds());
    more = more || each->pool.size() > 0;
    if (stopping_) break;
    try {
      std::string ignored;  // what is known goes on being used
      if (each->addresses.is_wanted_anew()) each->addresses.look_up(ignored);
      if (path.empty()) continue;
      const std::string trouble =
          check_health(*each, path, std::min(kCheck, group_->options().connect), stopping_);
      if (!stopping_) each->health.note_check(trouble.empty(), trouble, coarse_milliseconds());
    } catch (const std::exception&) {
      // No memory: in the next round.
    }
  }
  return more;
}

}  // namespace autohttps
