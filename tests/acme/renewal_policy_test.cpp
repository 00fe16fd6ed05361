#include <autohttps/acme/management/renewal_policy.h>

#include <gtest/gtest.h>

#include <chrono>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

const WallTime kStart{seconds(1'800'000'000)};

TEST(RenewalPolicyTest, IsDueAtTwoThirdsOfALongLife) {
  const Due due = renewal_due(kStart, kStart + days(90), 0);
  EXPECT_EQ(due.at, kStart + days(60));
  EXPECT_EQ(due.reason, "2/3 of its 90 days");
}

// Let's Encrypt's own lives: 90, 64, 45 days (2/3) and 160 hours (half).
TEST(RenewalPolicyTest, FollowsTheLifeAndNoConstantOfDays) {
  EXPECT_EQ(renewal_due(kStart, kStart + days(45), 0).at, kStart + days(30));
  EXPECT_EQ(renewal_due(kStart, kStart + days(64), 0).at, kStart + hours(64 * 16));
  EXPECT_EQ(renewal_due(kStart, kStart + days(10), 0).at, kStart + hours(160));
  const Due shortlived = renewal_due(kStart, kStart + hours(160), 0);
  EXPECT_EQ(shortlived.at, kStart + hours(80));
  EXPECT_EQ(shortlived.reason, "half of its 7 days");
  EXPECT_EQ(renewal_due(kStart, kStart + seconds(45), 0).reason, "half of its 45 seconds");
}

TEST(RenewalPolicyTest, JitterMovesItEarlierByATwentiethOfLifeAtMost) {
  EXPECT_EQ(renewal_due(kStart, kStart + days(100), 0.5).at,
            renewal_due(kStart, kStart + days(100), 0).at - hours(60));
  EXPECT_EQ(renewal_due(kStart, kStart + days(100), 1).at,
            renewal_due(kStart, kStart + days(100), 0).at - days(5));
  EXPECT_EQ(renewal_due(kStart, kStart + days(100), 7).at,
            renewal_due(kStart, kStart + days(100), 1).at);
}

TEST(RenewalPolicyTest, AnInvertedLifeIsDueAtOnce) {
  EXPECT_EQ(renewal_due(kStart, kStart - days(1), 0.5).at, kStart);
}

}  // namespace
}  // namespace autohttps::acme
