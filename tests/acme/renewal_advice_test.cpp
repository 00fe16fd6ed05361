#include <autohttps/acme/management/renewal_advice.h>
#include <autohttps/acme/protocol/problem.h>

#include <gtest/gtest.h>

#include <chrono>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const WallTime kNow{seconds(1'800'000'000)};
const Life kLife{kNow, kNow + days(90)};
const std::string kCertificate = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";

RenewalInfo window(WallTime start, WallTime end) {
  RenewalInfo info;
  info.start = start;
  info.end = end;
  return info;
}

RenewalAdvice advice_of(const RenewalInfo& info, double draw = 0.5) {
  return advised({}, kCertificate, info, kLife, draw, kNow);
}

Error answered(int status, std::optional<WallTime> retry_at = {}) {
  Problem problem;
  problem.status = status;
  ProblemError error(ErrorCode::refused, "asking", problem);
  if (retry_at) error.with_retry_at(*retry_at);
  throw error;
}

// As it is thrown: the policy looks at what it really is.
RenewalAdvice after_problem(const std::optional<RenewalAdvice>& before, int status,
                            std::optional<WallTime> retry_at = {}) {
  try {
    answered(status, retry_at);
  } catch (const Error& error) {
    return unadvised(before, kCertificate, error, kNow);
  }
  return {};
}

TEST(RenewalAdviceTest, TheMomentIsDrawnUniformlyFromTheWindow) {
  const RenewalInfo info = window(kNow + days(50), kNow + days(52));
  EXPECT_EQ(advice_of(info, 0).pick, kNow + days(50));
  EXPECT_EQ(advice_of(info, 0.25).pick, kNow + days(50) + hours(12));
  EXPECT_EQ(advice_of(info, 1).pick, kNow + days(52));
}

// Pebble's and Boulder's windows are two days wide, also for a certificate of 45 seconds.
TEST(RenewalAdviceTest, NoMomentBeforeTheCertificateWasThereIsDrawn) {
  const Life life{kNow, kNow + seconds(45)};
  const RenewalInfo info = window(kNow - days(1), kNow + days(1));
  EXPECT_EQ(advised({}, kCertificate, info, life, 0, kNow).pick, kNow);
  EXPECT_EQ(advised({}, kCertificate, info, life, 0.5, kNow).pick, kNow + hours(12));
  const RenewalInfo past = window(kNow - days(2), kNow - days(1));
  EXPECT_EQ(advised({}, kCertificate, past, life, 1, kNow).pick, kNow - days(1));
}

TEST(RenewalAdviceTest, ItIsKeptWhileTheWindowIsTheSameAndDrawnAnewWhenItMoves) {
  const RenewalInfo info = window(kNow + days(50) + milliseconds(7), kNow + days(52));
  const RenewalAdvice first = advice_of(info, 0.25);
  const RenewalAdvice same = advised(first, kCertificate, info, kLife, 0.9, kNow + hours(6));
  EXPECT_EQ(same.pick, first.pick);
  EXPECT_EQ(same.next_poll, kNow + hours(12));
  const RenewalAdvice moved = advised(same, kCertificate, window(kNow + days(10), kNow + days(12)),
                                      kLife, 0.5, kNow + hours(12));
  EXPECT_EQ(moved.pick, kNow + days(11));
  EXPECT_EQ(advised(first, "another.one", info, kLife, 1, kNow).pick, kNow + days(52));
}

TEST(RenewalAdviceTest, ItIsAskedAgainAfterTheRetryAfterWithinAMinuteAndADay) {
  RenewalInfo info = window(kNow + days(50), kNow + days(52));
  EXPECT_EQ(advice_of(info).next_poll, kNow + hours(6));
  info.retry_after = seconds(1);
  EXPECT_EQ(advice_of(info).next_poll, kNow + minutes(1));
  info.retry_after = hours(2);
  EXPECT_EQ(advice_of(info).next_poll, kNow + hours(2));
  info.retry_after = days(30);
  EXPECT_EQ(advice_of(info).next_poll, kNow + days(1));
}

TEST(RenewalAdviceTest, AnotherCertificateIsAskedAboutAtOnce) {
  const RenewalAdvice advice = advice_of(window(kNow + days(50), kNow + days(52)));
  EXPECT_EQ(next_poll(advice, kCertificate, kNow), kNow + hours(6));
  EXPECT_EQ(next_poll(advice, "another.one", kNow), kNow);
  EXPECT_EQ(next_poll({}, kCertificate, kNow), kNow);
}

TEST(RenewalAdviceTest, F37_APollYearsAheadWasAWrongClocks) {
  RenewalAdvice advice = advice_of(window(kNow + days(50), kNow + days(52)));
  advice.next_poll = kNow + days(3650);
  EXPECT_EQ(next_poll(advice, kCertificate, kNow), kNow);
}

TEST(RenewalAdviceTest, ThePickDecidesBeforeTheGuardAndTheGuardAfterIt) {
  const auto due = [](WallTime start, const Life& life) {
    const auto advice = advised({}, kCertificate, window(start, start + hours(1)), life, 0, kNow);
    return suggested_due(advice, kCertificate, life)->at;
  };
  EXPECT_EQ(due(kNow + days(50), kLife), kNow + days(50));
  EXPECT_EQ(due(kNow + days(89), kLife), kNow + days(75)) << "a sixth is left";
  const Life shortlived{kNow, kNow + days(6)};
  EXPECT_EQ(due(kNow + days(5), shortlived), kNow + days(4)) << "a third is left";
  EXPECT_EQ(due(kNow - days(20), kLife), kNow - days(20)) << "a past window: now";
}

TEST(RenewalAdviceTest, WhatIsOfAnotherCertificateOrSuggestsNothingLeavesTheLifetimeToDecide) {
  const RenewalAdvice advice = advice_of(window(kNow + days(50), kNow + days(52)));
  EXPECT_FALSE(suggested_due(advice, "another.one", kLife));
  EXPECT_FALSE(suggested_due({}, kCertificate, kLife));
  EXPECT_FALSE(suggested_due(never_advised(kCertificate, kNow), kCertificate, kLife));
  const RenewalAdvice absurd = advice_of(window(kNow + days(40000), kNow + days(40001)));
  EXPECT_FALSE(suggested_due(absurd, kCertificate, kLife));
  EXPECT_FALSE(absurd.trouble.empty());
}

TEST(RenewalAdviceTest, WhatPassesIsTriedAgainSoonThenMoreSlowlyAndLeavesWhatWasKnown) {
  const RenewalAdvice known = advice_of(window(kNow + days(50), kNow + days(52)));
  const Error unreached(ErrorCode::network, "connection refused");
  RenewalAdvice after = unadvised(known, kCertificate, unreached, kNow);
  EXPECT_EQ(after.pick, known.pick);
  EXPECT_EQ(after.next_poll, kNow + minutes(10));
  WallTime::duration last{0};
  for (int i = 0; i < 10'000; ++i) {
    after = unadvised(after, kCertificate, unreached, kNow);
    ASSERT_GE(*after.next_poll - kNow, last);
    last = *after.next_poll - kNow;
  }
  EXPECT_EQ(last, WallTime::duration(hours(6)));
  EXPECT_EQ(after_problem(known, 503).pick, known.pick);
  EXPECT_EQ(after_problem(known, 503, kNow + hours(3)).next_poll, kNow + hours(3));
}

TEST(RenewalAdviceTest, AnAnswerThatIsNoneLeavesNothingKnown) {
  const RenewalAdvice known = advice_of(window(kNow + days(50), kNow + days(52)));
  const Error nonsense(ErrorCode::protocol, "the window ends before it starts");
  EXPECT_FALSE(unadvised(known, kCertificate, nonsense, kNow).pick);
  EXPECT_EQ(unadvised(known, kCertificate, nonsense, kNow).next_poll, kNow + hours(6));
  EXPECT_FALSE(after_problem(known, 404).pick);
}

// RFC 9773 4.2, and acme.sh#7024: a moment between two runs of cron must not pass unused.
TEST(RenewalAdviceTest, WhatWouldPassBeforeTheNextLookIsNow) {
  const auto suggested = [](WallTime start, WallTime end, double draw) {
    return advised({}, kCertificate, window(start, end), {kNow - days(60), kNow + days(30)}, draw,
                   kNow);
  };
  const auto missed = [&](WallTime start, WallTime end, double draw) {
    return would_be_missed(suggested(start, end, draw), kNow, hours(1));
  };
  EXPECT_TRUE(missed(kNow - hours(1), kNow + hours(9), 0.15)) << "in half an hour";
  EXPECT_FALSE(missed(kNow - hours(1), kNow + hours(9), 0.5)) << "the next run is in time";
  EXPECT_TRUE(missed(kNow + minutes(5), kNow + minutes(50), 0.5)) << "it would be over by then";
  EXPECT_FALSE(missed(kNow + minutes(5), kNow + days(2), 0)) << "the next run is inside it";
  EXPECT_FALSE(
      would_be_missed(advice_of(window(kNow - hours(1), kNow + hours(9)), 0.15), kNow, seconds(0)))
      << "who sleeps until then misses nothing";
}

}  // namespace
}  // namespace autohttps::acme
