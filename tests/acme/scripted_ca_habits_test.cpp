// The scripted CA as Let's Encrypt is, and what becomes of us there.
#include <autohttps/common/error.h>
#include <autohttps/tests/support/issuing_process.h>

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Outcome::Action;

class LetsEncryptTest : public testing::Test {
 protected:
  LetsEncryptTest() { world_.ca.behaviour() = lets_encrypt(); }

  // By the CA's limits alone: ours would keep us from ever meeting them.
  Outcome buy(const std::vector<std::string>& names) {
    return process_.obtain(names, "none", true);
  }

  IssuingWorld world_;
  IssuingProcess process_{world_};
};

TEST_F(LetsEncryptTest, IssuesThoughFinalizeAnswersBeforeTheCertificateIsThere) {
  EXPECT_EQ(buy({"a.test", "www.a.test"}).action, Kind::issued);
  EXPECT_GE(world_.ca.count(Operation::order), 1);
}

TEST_F(LetsEncryptTest, AnIdenticalPendingOrderIsReturnedAndTakenUp) {
  world_.ca.rule(Operation::authorization, 1, autohttps::Action::not_reached(), 9);
  EXPECT_EQ(buy({"a.test"}).action, Kind::failed);
  world_.ca.clear_rules();
  world_.disk->write("certificates/a.test/pending/order.json", "");  // a disk that was not kept
  EXPECT_NE(buy({"a.test"}).action, Kind::failed);
  EXPECT_EQ(world_.ca.orders(), 1u);
}

TEST_F(LetsEncryptTest, ValidAuthorizationsServeTheNextOrder) {
  ASSERT_EQ(buy({"a.test"}).action, Kind::issued);
  const int responses = world_.ca.count(Operation::challenge);
  ASSERT_EQ(buy({"a.test"}).action, Kind::renewed);
  EXPECT_EQ(world_.ca.count(Operation::challenge), responses);
}

TEST_F(LetsEncryptTest, ASixthDuplicateSaysWhenItWillBePossible) {
  for (int i = 0; i < 5; ++i) ASSERT_NE(buy({"a.test"}).action, Kind::deferred);
  const Outcome refused = buy({"a.test"});
  EXPECT_EQ(refused.action, Kind::deferred);
  EXPECT_NE(refused.text.find("too many certificates (5) already issued for this exact set of "
                              "identifiers in the last 168h0m0s, retry after "),
            std::string::npos)
      << refused.text;
  EXPECT_EQ(world_.ca.refusals().size(), 1u);
  EXPECT_EQ(buy({"b.a.test"}).action, Kind::issued) << "another set is another matter";

  // One of five in seven days takes 33.6 hours; no answer of a CA's is taken for more than a day.
  EXPECT_LE(*refused.next_attempt, world_.clock.wall() + days(1));
  EXPECT_GT(*refused.next_attempt, world_.clock.wall() + hours(23));
  world_.clock.set_wall(*refused.next_attempt);
  const Outcome again = buy({"a.test"});
  EXPECT_EQ(again.action, Kind::deferred);
  world_.clock.set_wall(*again.next_attempt);
  EXPECT_EQ(buy({"a.test"}).action, Kind::renewed);
}

TEST_F(LetsEncryptTest, FiveFailedValidationsOfANameAreEnoughForAnHour) {
  world_.reachable = false;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(buy({"a.test"}).error->code(), ErrorCode::validation);
  const Outcome refused = buy({"a.test"});
  EXPECT_EQ(refused.error->code(), ErrorCode::rate_limited);
  EXPECT_NE(refused.text.find("too many failed authorizations (5) for \"a.test\""),
            std::string::npos)
      << refused.text;
  EXPECT_EQ(*refused.error->retry_at(), world_.clock.wall() + minutes(12));
}

TEST_F(LetsEncryptTest, APausedNameIsToldWithTheLinkThatEndsIt) {
  world_.ca.behaviour().habits = CaHabits{.failures = std::nullopt, .failures_to_pause = 3};
  world_.reachable = false;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(buy({"a.test"}).error->code(), ErrorCode::validation);
  world_.reachable = true;
  const Outcome paused = buy({"a.test"});
  EXPECT_EQ(paused.error->code(), ErrorCode::rate_limited);
  EXPECT_NE(paused.text.find("https://ca.test/sfe/v1/unpause?jwt="), std::string::npos)
      << paused.text;
  EXPECT_NE(paused.error->hint().find("unpause"), std::string::npos) << paused.error->hint();
  EXPECT_EQ(buy({"b.test"}).action, Kind::issued) << "it concerns that name alone";

  world_.ca.unpause();
  EXPECT_EQ(buy({"a.test"}).action, Kind::issued);
}

TEST_F(LetsEncryptTest, FiftyNewCertificatesOfADomainInAWeekAreEnough) {
  world_.ca.behaviour().habits = CaHabits{.domain = CaRate{2, days(7)}};
  EXPECT_EQ(buy({"x.a.test"}).action, Kind::issued);
  EXPECT_EQ(buy({"y.a.test"}).action, Kind::issued);
  EXPECT_EQ(buy({"z.a.test"}).action, Kind::deferred);
  EXPECT_EQ(buy({"x.a.test"}).action, Kind::renewed) << "a renewal is exempt";
  EXPECT_EQ(buy({"z.b.test"}).action, Kind::issued);
}

TEST_F(LetsEncryptTest, AnEleventhAccountFromTheSameAddressIsRefused) {
  for (int i = 0; i < 11; ++i) {
    for (const std::string& key : world_.disk->keys()) {
      if (key.starts_with("accounts/")) world_.disk->erase(key);
    }
    IssuingProcess fresh(world_);
    const Outcome outcome = fresh.obtain({"a" + std::to_string(i) + ".test"});
    EXPECT_EQ(outcome.action, i < 10 ? Kind::issued : Kind::deferred) << outcome.text;
  }
  EXPECT_EQ(world_.ca.accounts(), 10u);
}

TEST_F(LetsEncryptTest, ABusyOneIsWaitedFor) {
  world_.ca.rule(Operation::new_order, 1, autohttps::Action::busy(seconds(1800)));
  const Outcome busy = buy({"a.test"});
  EXPECT_EQ(busy.action, Kind::deferred);
  EXPECT_GE(*busy.next_attempt, world_.clock.wall() + seconds(1800));
  world_.clock.set_wall(*busy.next_attempt);
  EXPECT_EQ(process_.renew("a.test").action, Kind::issued);
}

}  // namespace
}  // namespace autohttps::acme
