#include <autohttps/server/sites/upstream_health.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace autohttps {
namespace {

constexpr int kChecksThatCount = 2;          // one may be an accident
constexpr std::int64_t kToldAgain = 30'000;  // ms: who comes and goes is not told of each time

}  // namespace

UpstreamHealth::UpstreamHealth(std::string name, std::string hint, EventSink events)
    : name_(std::move(name)), hint_(std::move(hint)), events_(std::move(events)) {}

bool UpstreamHealth::is_to_be_tried(std::int64_t now) noexcept {
  const std::lock_guard lock(mutex_);
  if (is_well() || now < out_until_ || failed_checks_ >= kChecksThatCount) return false;
  out_until_ = now + pause_;
  return true;
}

void UpstreamHealth::note_success() noexcept {
  if (!is_well()) recover();
}

void UpstreamHealth::recover() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (is_well()) return;
    pause_ = 0;
    failed_checks_ = 0;
    well_.store(true, std::memory_order_relaxed);
    if (!std::exchange(told_, false)) return;
  }
  try {
    tell({Event::Level::step, {}, name_ + " answers again", {}});
  } catch (const std::exception&) {
    // No memory for a line: it is seen in the counters.
  }
}

void UpstreamHealth::note_failure(const std::string& trouble, std::int64_t now) noexcept {
  {
    const std::lock_guard lock(mutex_);
    // Requests that were under way together fail together: that is one failure.
    if (!is_well() && now < out_until_) return;
    pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
    out_until_ = now + pause_;
    well_.store(false, std::memory_order_relaxed);
    if (told_ || now < told_at_ + kToldAgain) return;
    told_ = true;
    told_at_ = now;
  }
  try {
    tell({Event::Level::warning, {}, name_ + ": " + trouble, hint_});
  } catch (const std::exception&) {
    // As above.
  }
}

void UpstreamHealth::note_check(bool good, const std::string& trouble, std::int64_t now) noexcept {
  {
    const std::lock_guard lock(mutex_);
    failed_checks_ = good ? 0 : failed_checks_ + 1;
    if (!good && failed_checks_ < kChecksThatCount) return;
  }
  if (good) return note_success();
  note_failure(trouble, now);
}

void UpstreamHealth::tell(Event event) const noexcept {
  if (events_) events_(event);
}

}  // namespace autohttps
