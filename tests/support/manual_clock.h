// A clock that tests turn by hand. Nothing that waits on it takes real time.
#pragma once

#include <autohttps/common/clock.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace autohttps {

// Thread-safe.
class ManualClock final : public Clock {
 public:
  // advances: a sleeper moves the time on by itself and returns at once (one thread under test).
  // waits: a sleeper stays until somebody else advances to its time, or stops it (several threads).
  enum class Sleepers { advances, waits };

  explicit ManualClock(WallTime start = WallTime(std::chrono::seconds(1'800'000'000)),
                       Sleepers sleepers = Sleepers::advances)
      : sleepers_(sleepers), wall_(start) {}

  WallTime wall() const override {
    const std::lock_guard lock(mutex_);
    return wall_;
  }
  SteadyTime steady() const override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }
  bool sleep_until(SteadyTime until, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    ++sleeps_;
    if (stop.stop_requested()) return false;
    if (sleepers_ == Sleepers::advances) {
      if (until > steady_) move(until - steady_);
      return true;
    }
    return moved_.wait(lock, stop, [&] { return steady_ >= until; });
  }

  // Both clocks move on, as time does.
  void advance(std::chrono::nanoseconds duration) {
    const std::lock_guard lock(mutex_);
    move(std::chrono::duration_cast<SteadyTime::duration>(duration));
  }
  // The wall alone: somebody sets the clock, NTP steps it, the machine was suspended.
  void set_wall(WallTime wall) {
    const std::lock_guard lock(mutex_);
    wall_ = wall;
  }
  void jump_wall(std::chrono::nanoseconds duration) {
    const std::lock_guard lock(mutex_);
    wall_ += std::chrono::duration_cast<WallTime::duration>(duration);
  }

  std::size_t sleeps() const {
    const std::lock_guard lock(mutex_);
    return sleeps_;
  }
  // All that was ever slept or advanced.
  std::chrono::nanoseconds elapsed() const {
    const std::lock_guard lock(mutex_);
    return steady_ - kStart;
  }

 private:
  static constexpr SteadyTime kStart{std::chrono::hours(1)};

  void move(SteadyTime::duration duration) {
    steady_ += duration;
    wall_ += std::chrono::duration_cast<WallTime::duration>(duration);
    moved_.notify_all();
  }

  const Sleepers sleepers_;

  mutable std::mutex mutex_;
  std::condition_variable_any moved_;
  WallTime wall_;               // guarded by mutex_
  SteadyTime steady_ = kStart;  // guarded by mutex_
  std::size_t sleeps_ = 0;      // guarded by mutex_
};

}  // namespace autohttps
