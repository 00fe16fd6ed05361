#include <autohttps/acme/management/attempt_plan.h>
#include <autohttps/tests/support/test_certificates.h>

#include <gtest/gtest.h>

#include <chrono>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using Step = AttemptPlan::Step;

const WallTime kNow{seconds(1'800'000'000)};

class AttemptPlanTest : public testing::Test {
 protected:
  AttemptPlanTest() {
    spec_.id = "a.test";
    spec_.names = parse_identifiers({"a.test", "b.test"});
    spec_.cas = {CaSpec{}};
    current_.number = 3;
    current_.meta.ca = spec_.cas.front().directory_url;
    current_.key = leaf({"a.test", "b.test"}, kNow - days(10));
  }
  std::shared_ptr<const CertifiedKey> leaf(const std::vector<std::string>& names,
                                           WallTime not_before) const {
    TestLeafPlan plan;
    plan.names = names;
    plan.not_before = not_before;
    plan.not_after = not_before + days(90);
    return ca_.leaf(plan).certified();
  }
  AttemptPlan plan(const AttemptWish& wish = {}) const {
    return plan_attempt(spec_, spec_.key_types.front(), &current_, state_, wish, kNow);
  }

  TestCa ca_{1, kNow};
  CertificateSpec spec_;
  CertificateState state_;
  Generation current_;
};

TEST_F(AttemptPlanTest, WithoutACertificateItIsTheFirstIssue) {
  const AttemptPlan plan = plan_attempt(spec_, KeyType::ec256, nullptr, state_, {}, kNow);
  EXPECT_EQ(plan.step, Step::issue);
  EXPECT_EQ(plan.cause, "first issue");
}

TEST_F(AttemptPlanTest, AFreshOneNeedsNothingAndSaysWhen) {
  const AttemptPlan plan = this->plan();
  EXPECT_EQ(plan.step, Step::nothing);
  EXPECT_EQ(plan.next, kNow + days(50));
  EXPECT_NE(plan.text.find("due in 50 days (2/3 of its 90 days)"), std::string::npos) << plan.text;
}

TEST_F(AttemptPlanTest, DueAndExpiredOnesAreIssued) {
  current_.key = leaf({"a.test", "b.test"}, kNow - days(61));
  EXPECT_EQ(plan().step, Step::issue);
  EXPECT_EQ(plan().cause, "due");
  current_.key = leaf({"a.test", "b.test"}, kNow - days(300));
  EXPECT_EQ(plan().step, Step::issue);
}

TEST_F(AttemptPlanTest, JitterIsPartOfTheMoment) {
  current_.key = leaf({"a.test", "b.test"}, kNow - days(57));
  EXPECT_EQ(plan().step, Step::nothing);
  state_.jitter = 1;
  EXPECT_EQ(plan().step, Step::issue);
}

TEST_F(AttemptPlanTest, ForceIssuesWhatIsNotDue) {
  EXPECT_EQ(plan({.person = true, .force = true}).cause, "forced");
}

TEST_F(AttemptPlanTest, AGenerationMustBeWhatTheSpecWishesFor) {
  EXPECT_EQ(unsatisfied(spec_, current_), "");
  spec_.names = parse_identifiers({"a.test"});
  EXPECT_EQ(unsatisfied(spec_, current_), "") << "a dropped name changes nothing";
  spec_.names = parse_identifiers({"a.test", "b.test", "c.test"});
  EXPECT_EQ(plan().cause, "names changed");
  spec_.names = parse_identifiers({"a.test"});
  spec_.key_types = {KeyType::rsa2048};
  EXPECT_EQ(plan().cause, "key type changed");
  spec_.key_types = {KeyType::ec256};
  spec_.cas.front().directory_url = "https://other.test/directory";
  EXPECT_EQ(plan().cause, "CA changed");
}

TEST_F(AttemptPlanTest, BackOffHoldsTheClockworkAndNotAPerson) {
  current_.key = leaf({"a.test", "b.test"}, kNow - days(70));
  state_.next_attempt = kNow + hours(1);
  state_.next_reason = "back-off after 3 failures";
  EXPECT_EQ(plan().step, Step::wait);
  EXPECT_EQ(plan().next, kNow + hours(1));
  EXPECT_NE(plan().text.find("back-off after 3 failures"), std::string::npos);
  EXPECT_EQ(plan({.person = true}).step, Step::issue);
  EXPECT_EQ(plan({.force = true}).step, Step::wait);
}

TEST_F(AttemptPlanTest, WhatBindsHoldsAPersonToo) {
  current_.key = leaf({"a.test", "b.test"}, kNow - days(70));
  state_.next_attempt = kNow + hours(1);
  state_.binding = true;
  EXPECT_EQ(plan({.person = true, .force = true}).step, Step::wait);
}

TEST_F(AttemptPlanTest, F37_ANextAttemptYearsAheadWasAWrongClocks) {
  current_.key = leaf({"a.test", "b.test"}, kNow - days(70));
  state_.next_attempt = kNow + days(3650);
  state_.binding = true;
  EXPECT_EQ(plan().step, Step::issue);
}

}  // namespace
}  // namespace autohttps::acme
