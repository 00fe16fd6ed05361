#include <autohttps/acme/management/retry_policy.h>

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <vector>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const WallTime kNow{seconds(1'800'000'000)};

auto wait_after(const Error& error, int failures, std::optional<WallTime> not_after = {}) {
  return retry_after_failure(error, failures, kNow, not_after).at - kNow;
}

TEST(RetryPolicyTest, AnUnreachedCaIsTriedAfter5SecondsDoublingTo5Minutes) {
  const Error error(ErrorCode::network, "no route");
  const std::vector<seconds> expected = {seconds(5),  seconds(10),  seconds(20),  seconds(40),
                                         seconds(80), seconds(160), seconds(300), seconds(300)};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(wait_after(error, static_cast<int>(i) + 1, kNow + days(30)), expected[i]) << i;
  }
}

TEST(RetryPolicyTest, WithNothingToServeTheCasReturnIsNoticedWithin10SecondsForTenMinutes) {
  const Error error(ErrorCode::network, "no route");
  WallTime::duration elapsed{0};
  int failures = 1;
  for (; elapsed < minutes(10); ++failures) {
    const auto wait = wait_after(error, failures);
    EXPECT_LE(wait, seconds(10)) << failures;
    elapsed += wait;
  }
  EXPECT_EQ(wait_after(error, failures + 10), minutes(5));
}

TEST(RetryPolicyTest, AnAnsweringCaIsTriedAfter1And10And100MinutesThenDaily) {
  for (const ErrorCode code : {ErrorCode::refused, ErrorCode::validation, ErrorCode::protocol,
                               ErrorCode::storage, ErrorCode::rate_limited}) {
    const Error error(code, "no");
    EXPECT_EQ(wait_after(error, 1), minutes(1));
    EXPECT_EQ(wait_after(error, 2), minutes(10));
    EXPECT_EQ(wait_after(error, 3), minutes(100));
    EXPECT_EQ(wait_after(error, 4), days(1));
    EXPECT_EQ(wait_after(error, 400), days(1));
  }
}

TEST(RetryPolicyTest, NeverWaitsLongerThanAQuarterOfTheRemainingLifeButAMinuteAtLeast) {
  const Error error(ErrorCode::refused, "no");
  EXPECT_EQ(wait_after(error, 9, kNow + hours(40)), hours(10));
  EXPECT_EQ(wait_after(error, 9, kNow + minutes(2)), minutes(1));
  EXPECT_EQ(wait_after(error, 9, kNow + days(30)), days(1));
}

TEST(RetryPolicyTest, AnExpiredCertificateHurriesNobody) {
  const Error error(ErrorCode::refused, "no");
  EXPECT_EQ(wait_after(error, 9, kNow - days(30)), days(1));
}

TEST(RetryPolicyTest, TheCasWishBindsAndIsNeverUndercut) {
  Error error(ErrorCode::rate_limited, "busy");
  error.with_retry_at(kNow + hours(3));
  const Retry retry = retry_after_failure(error, 1, kNow, kNow + minutes(30));
  EXPECT_EQ(retry.at, kNow + hours(3));
  EXPECT_TRUE(retry.binding);

  const Retry later = retry_after_failure(error, 7, kNow, {});
  EXPECT_EQ(later.at, kNow + days(1)) << "our own back-off is longer than what the CA asks";
  EXPECT_TRUE(later.binding);
}

TEST(RetryPolicyTest, AnAbsurdWishIsCutToADay) {
  Error error(ErrorCode::rate_limited, "busy");
  error.with_retry_at(WallTime::max());
  EXPECT_EQ(retry_after_failure(error, 1, kNow, {}).at, kNow + days(1));
  error.with_retry_at(WallTime::min());
  EXPECT_EQ(retry_after_failure(error, 1, kNow, {}).at, kNow + minutes(1));
  EXPECT_FALSE(retry_after_failure(error, 1, kNow, {}).binding);
}

TEST(RetryPolicyTest, ScatterNeitherUndercutsTheCaNorOutgrowsTheLongestWait) {
  Error busy(ErrorCode::rate_limited, "busy");
  busy.with_retry_at(kNow + hours(1));
  const WallTime at = retry_after_failure(busy, 1, kNow, {}, 0.5).at;
  EXPECT_GT(at, kNow + hours(1));
  EXPECT_LE(at, kNow + hours(1) + minutes(3));
  busy.with_retry_at(kNow + days(9));
  EXPECT_EQ(retry_after_failure(busy, 1, kNow, {}, 1).at, kNow + days(1));
  const Error refused(ErrorCode::refused, "no");
  EXPECT_EQ(retry_after_failure(refused, 1, kNow, {}, 1).at, kNow + minutes(4));
  EXPECT_EQ(retry_after_failure(refused, 9, kNow, {}, 1).at, kNow + days(1));
  const Error gone(ErrorCode::network, "no route");
  for (const double scatter : {0.0, 0.5, 1.0}) {
    const auto longest = retry_after_failure(gone, 99, kNow, kNow + days(9), scatter).at - kNow;
    EXPECT_LE(longest, minutes(5));
    EXPECT_GE(longest, retry_after_failure(gone, 6, kNow, kNow + days(9), 1).at - kNow);
  }
  EXPECT_EQ(retry_after_failure(refused, 9, kNow, kNow + minutes(2), 1).at, kNow + minutes(1));
}

// CVE-2025-55753: a back-off that overflowed to no delay at all after 30 days of failing.
TEST(F38_FailingForever, TheDelayNeverShrinksOver10000Failures) {
  for (const ErrorCode code : {ErrorCode::network, ErrorCode::refused, ErrorCode::validation}) {
    const Error error(code, "no");
    WallTime::duration last{0};
    for (int failures = 1; failures <= 10'000; ++failures) {
      const auto wait = wait_after(error, failures);
      ASSERT_GE(wait, last) << failures;
      ASSERT_GE(wait, seconds(5)) << failures;
      ASSERT_LE(wait, days(1)) << failures;
      last = wait;
    }
    EXPECT_EQ(wait_after(error, std::numeric_limits<int>::max()), last);
    EXPECT_GE(wait_after(error, std::numeric_limits<int>::min()), seconds(5));
  }
}

}  // namespace
}  // namespace autohttps::acme
