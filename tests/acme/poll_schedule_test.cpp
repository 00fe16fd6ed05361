#include <autohttps/acme/issuance/poll_schedule.h>

#include <gtest/gtest.h>

#include <chrono>

namespace autohttps::acme {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(PollScheduleTest, AsksFirstAfter20Milliseconds) {
  EXPECT_EQ(PollSchedule().next({}), milliseconds(20));
}

TEST(PollScheduleTest, AsksAtMostTenTimesInTheFirstTwoSecondsThenNoFasterThanEverySecond) {
  PollSchedule schedule;
  milliseconds elapsed{0};
  int within_two_seconds = 0;
  for (int poll = 0; poll < 50; ++poll) {
    const milliseconds wait = schedule.next({});
    if (elapsed >= seconds(2)) {
      EXPECT_GE(wait, seconds(1));
    }
    elapsed += wait;
    if (elapsed <= seconds(2)) ++within_two_seconds;
  }
  EXPECT_EQ(within_two_seconds, 10);
}

TEST(PollScheduleTest, NeverGetsFasterAndNeverSlowerThanAMinute) {
  PollSchedule schedule;
  milliseconds last{0};
  for (int poll = 0; poll < 5000; ++poll) {
    const milliseconds wait = schedule.next({});
    EXPECT_GE(wait, last);
    EXPECT_LE(wait, minutes(1));
    last = wait;
  }
}

// 40 + 12 requests are allowed for one name (RELIABILITY I4); about a dozen go elsewhere.
TEST(PollScheduleTest, FifteenMinutesTakeFewerPollsThanTheAttemptMayMake) {
  PollSchedule schedule;
  milliseconds elapsed{0};
  int polls = 0;
  for (; elapsed < minutes(15); ++polls) elapsed += schedule.next({});
  EXPECT_LE(polls, 38);
}

TEST(PollScheduleTest, ObeysRetryAfterWhereTheCaGivesOne) {
  PollSchedule schedule;
  EXPECT_EQ(schedule.next(seconds(3)), seconds(3));
  EXPECT_EQ(schedule.next(seconds(7200)), seconds(7200));
  EXPECT_LT(schedule.next({}), seconds(1));
}

}  // namespace
}  // namespace autohttps::acme
