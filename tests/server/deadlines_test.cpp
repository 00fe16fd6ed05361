#include <autohttps/server/engine/deadlines.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace autohttps {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::uint64_t kWho = 7;

std::vector<std::uint64_t> due(Deadlines& deadlines, std::int64_t now) {
  std::vector<std::uint64_t> due;
  deadlines.take_due(now, due);
  return due;
}

TEST(DeadlinesTest, AReminderComesAtItsTimeAndOnce) {
  Deadlines deadlines(0);
  EXPECT_EQ(deadlines.wait(0), -1);
  deadlines.remind(kWho, 10'000, 0);
  EXPECT_GE(deadlines.wait(0), 10'000);
  EXPECT_LE(deadlines.wait(0), 10'000 + Deadlines::kSlot);
  EXPECT_TRUE(due(deadlines, 9'999).empty());
  EXPECT_EQ(due(deadlines, 10'000 + Deadlines::kSlot), std::vector<std::uint64_t>{kWho});
  EXPECT_TRUE(due(deadlines, kHour).empty());
}

// A thread with nobody in its wheel sleeps, however long; who then gives it a connection is another
// one. A reminder that came at once would be taken for one that is still to come, and none would.
TEST(DeadlinesTest, F46_AReminderIsNotEarlyAfterAnHourWithoutAny) {
  Deadlines deadlines(0);
  deadlines.remind(kWho, kHour + 10'000, kHour);
  EXPECT_TRUE(due(deadlines, kHour + 9'999).empty());
  EXPECT_EQ(due(deadlines, kHour + 10'000 + Deadlines::kSlot), std::vector<std::uint64_t>{kWho});
}

}  // namespace
}  // namespace autohttps
