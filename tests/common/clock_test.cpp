#include <autohttps/common/clock.h>
#include <autohttps/tests/support/manual_clock.h>

#include <gtest/gtest.h>

#include <thread>

namespace autohttps {
namespace {

using namespace std::chrono_literals;

TEST(ClockTest, SystemClockReturnsAtOnceWhenTheTimeHasCome) {
  SystemClock clock;
  EXPECT_TRUE(clock.sleep_until(clock.steady() - 1h, {}));
  EXPECT_TRUE(clock.sleep_for(0ns, {}));
  EXPECT_TRUE(clock.sleep_for(1ms, {}));
  EXPECT_TRUE(clock.sleep_until_wall(clock.wall() - 1h, {}));
}

TEST(ClockTest, SystemClockDoesNotSleepOnceStopped) {
  SystemClock clock;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.sleep_until(SteadyTime::max(), stop.get_token()));
  EXPECT_FALSE(clock.sleep_for(std::chrono::nanoseconds::max(), stop.get_token()));
  EXPECT_FALSE(clock.sleep_until_wall(WallTime::max(), stop.get_token()));
}

TEST(ClockTest, SystemClockWakesWhenStopped) {
  SystemClock clock;
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(clock.sleep_until(SteadyTime::max(), stop.get_token()));
  EXPECT_FALSE(clock.sleep_for(std::chrono::nanoseconds::max(), stop.get_token()));
}

TEST(ClockTest, ASleepToAWallTimeIsCutIntoSlices) {
  ManualClock clock;
  EXPECT_TRUE(clock.sleep_until_wall(clock.wall() + 100s, {}));
  EXPECT_EQ(clock.sleeps(), 4U);  // 30 + 30 + 30 + 10
  EXPECT_EQ(clock.elapsed(), 100s);
}

// Set forward by a day during the first slice: as NTP and a suspended machine do.
class JumpingClock final : public Clock {
 public:
  explicit JumpingClock(std::chrono::hours jump) : jump_(jump) {}
  WallTime wall() const override { return time_.wall(); }
  SteadyTime steady() const override { return time_.steady(); }
  bool sleep_until(SteadyTime until, std::stop_token stop) override {
    const bool ended = time_.sleep_until(until, stop);
    if (time_.sleeps() == 1) time_.jump_wall(jump_);
    return ended;
  }
  std::chrono::nanoseconds elapsed() const { return time_.elapsed(); }

 private:
  std::chrono::hours jump_;
  ManualClock time_;
};

TEST(F37_ClockJumps, ForwardEndASleepToAWallTimeAfterOneSlice) {
  JumpingClock clock(24h);
  EXPECT_TRUE(clock.sleep_until_wall(clock.wall() + 12h, {}));
  EXPECT_EQ(clock.elapsed(), 30s);
}

TEST(F37_ClockJumps, BackwardMakeASleepToAWallTimeLonger) {
  JumpingClock clock(-1h);
  EXPECT_TRUE(clock.sleep_until_wall(clock.wall() + 1h, {}));
  EXPECT_EQ(clock.elapsed(), 2h);
}

TEST(ManualClockTest, MovesBothClocksForASleeper) {
  ManualClock clock;
  const WallTime wall = clock.wall();
  EXPECT_TRUE(clock.sleep_for(5min, {}));
  EXPECT_EQ(clock.wall(), wall + 5min);
  EXPECT_EQ(clock.elapsed(), 5min);
  clock.jump_wall(-1h);
  EXPECT_EQ(clock.wall(), wall - 55min);
  EXPECT_EQ(clock.elapsed(), 5min);
}

TEST(ManualClockTest, HoldsSleepersUntilSomebodyAdvances) {
  ManualClock clock(WallTime{}, ManualClock::Sleepers::waits);
  bool woken = false;
  std::jthread sleeper([&] { woken = clock.sleep_for(1h, {}); });
  while (clock.sleeps() == 0) std::this_thread::yield();
  clock.advance(59min);
  clock.advance(1min);
  sleeper.join();
  EXPECT_TRUE(woken);
}

TEST(ManualClockTest, StopsHeldSleepers) {
  ManualClock clock(WallTime{}, ManualClock::Sleepers::waits);
  bool woken = true;
  std::jthread sleeper([&](std::stop_token stop) { woken = clock.sleep_for(1h, stop); });
  sleeper.request_stop();
  sleeper.join();
  EXPECT_FALSE(woken);
}

}  // namespace
}  // namespace autohttps
