#include <autohttps/server/engine/deadlines.h>

#include <algorithm>

namespace autohttps {

Deadlines::Deadlines(std::int64_t now) noexcept : done_(now / kSlot) {}

void Deadlines::remind(std::uint64_t who, std::int64_t at, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  if (held_ == 0) done_ = std::max(done_, now / kSlot);
  const std::int64_t slot = std::clamp<std::int64_t>((at + kSlot - 1) / kSlot, done_ + 1,
                                                     done_ + static_cast<std::int64_t>(kSlots) - 1);
  slots_[static_cast<std::size_t>(slot) % kSlots].push_back(who);
  ++held_;
}

void Deadlines::take_due(std::int64_t now, std::vector<std::uint64_t>& due) {
  const std::lock_guard lock(mutex_);
  const std::int64_t until = now / kSlot;
  if (held_ == 0) done_ = std::max(done_, until);
  for (; done_ < until && held_ > 0; ++done_) {
    std::vector<std::uint64_t>& slot = slots_[static_cast<std::size_t>(done_ + 1) % kSlots];
    due.insert(due.end(), slot.begin(), slot.end());
    held_ -= slot.size();
    constexpr std::size_t kKept = 1'024;  // of a rush no memory is kept
    if (slot.capacity() > kKept) {
      std::vector<std::uint64_t>().swap(slot);
    } else {
      slot.clear();
    }
  }
}

int Deadlines::wait(std::int64_t now) const noexcept {
  const std::lock_guard lock(mutex_);
  if (held_ == 0) return -1;
  for (std::int64_t slot = done_ + 1; slot < done_ + static_cast<std::int64_t>(kSlots); ++slot) {
    if (slots_[static_cast<std::size_t>(slot) % kSlots].empty()) continue;
    return static_cast<int>(std::max<std::int64_t>(slot * kSlot - now, 0));
  }
  return -1;
}

}  // namespace autohttps
