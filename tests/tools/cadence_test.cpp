#include <autohttps/tools/autohttps/setup/cadence.h>

#include <gtest/gtest.h>

namespace autohttps::tools {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(CadenceTest, LooksTwelveTimesInALifeBetweenAMinuteAndAnHour) {
  struct Case {
    seconds life;
    int every;
  };
  for (const Case& one :
       {Case{seconds(0), 1}, Case{seconds(-5), 1}, Case{minutes(6), 1}, Case{minutes(12), 1},
        Case{minutes(24), 2}, Case{hours(1), 5}, Case{minutes(100), 6}, Case{hours(3), 15},
        Case{hours(11), 30}, Case{hours(12), 60}, Case{days(6), 60}, Case{days(90), 60}}) {
    EXPECT_EQ(minutes_between_looks(one.life), one.every) << one.life.count() << " s";
  }
}

TEST(CadenceTest, ReadsTheMinutesOfAnEntry) {
  struct Case {
    const char* text;
    CronMinutes minutes;
  };
  for (const Case& one :
       {Case{"17 * * * * root autohttps renew\n", {60, 17}},
        Case{"* * * * * root autohttps renew", {1, 0}},
        Case{"0-59/1 * * * * root autohttps renew", {1, 0}},
        Case{"3-59/5 * * * * root /usr/bin/autohttps renew --store /x\n", {5, 3}},
        Case{"*/10 * * * * root autohttps renew\n", {10, 0}},
        Case{"# 1 * * * * renew\nSHELL=/bin/sh\n\n  7\t* * * * root a renew\n", {60, 7}}}) {
    EXPECT_EQ(cron_minutes(one.text), one.minutes) << one.text;
  }
}

TEST(CadenceTest, UnderstandsNothingElse) {
  for (const char* text :
       {"", "SHELL=/bin/sh\n", "17 * * * * root something\n", "60 * * * * root a renew",
        "-1 * * * * root a renew", "x * * * * root a renew", "1,2 * * * * root a renew",
        "1-30/5 * * * * root a renew", "*/0 * * * * root a renew", "1-59 * * * * root a renew",
        "*/99 * * * * root a renew", "/5 * * * * root a renew", "@hourly root a renew", " renew"}) {
    EXPECT_FALSE(cron_minutes(text)) << text;
  }
}

}  // namespace
}  // namespace autohttps::tools
