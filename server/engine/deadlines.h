// When to look at which connection: a wheel of coarse slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace autohttps {

// Thread-safe. Times are steady milliseconds. It holds reminders, not deadlines: a connection whose
// deadline moves away is reminded once too early and asks again, so that a busy one costs nothing
// here.
class Deadlines {
 public:
  explicit Deadlines(std::int64_t now) noexcept;

  // `now`: the wheel has stood still while nobody was in it.
  void remind(std::uint64_t who, std::int64_t at, std::int64_t now);
  // Those whose time has come, put into `due`. A time further off than the wheel is round comes
  // early.
  void take_due(std::int64_t now, std::vector<std::uint64_t>& due);
  // Milliseconds until the next slot with somebody in it; -1: nobody.
  int wait(std::int64_t now) const noexcept;

  static constexpr std::int64_t kSlot = 128;  // milliseconds: how late a reminder may come

 private:
  static constexpr std::size_t kSlots = 1'024;  // 131 s round

  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::uint64_t> slots_[kSlots];
  std::int64_t done_;  // the last slot, counted from the beginning of time, that was taken
  std::size_t held_ = 0;
};

}  // namespace autohttps
