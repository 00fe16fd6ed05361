#include <autohttps/acme/management/manager.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/test_certificates.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Action = Outcome::Action;

autohttps::Action too_many() {
  return autohttps::Action::problem("rateLimited", 429, "too many", {"3600"});
}

class ManagerTest : public testing::Test {
 protected:
  int orders() const { return world_.ca.count(Operation::new_order); }

  IssuingWorld world_;
  IssuingProcess process_{world_};
  Manager& manager_ = process_.manager;
};

TEST_F(ManagerTest, ObtainsThenHasNothingToDoThenRenewsWhenDue) {
  Outcome outcome = process_.obtain({"a.test", "b.test"});
  EXPECT_EQ(outcome.action, Action::issued) << outcome.text;
  EXPECT_EQ(outcome.certificate, "a.test");
  EXPECT_EQ(outcome.generation, 1u);

  const int requests = world_.ca.count();
  outcome = process_.obtain({"a.test", "b.test"});
  EXPECT_EQ(outcome.action, Action::none);
  EXPECT_EQ(world_.ca.count(), requests) << "nothing is asked when nothing is due";
  EXPECT_NE(outcome.text.find("due in"), std::string::npos) << outcome.text;

  world_.clock.advance(days(61));
  outcome = process_.renew("a.test");
  EXPECT_EQ(outcome.action, Action::renewed) << outcome.text;
  EXPECT_EQ(outcome.generation, 2u);
  EXPECT_EQ(process_.certificates.current("a.test")->meta.cause, "due");
}

TEST_F(ManagerTest, ForceIssuesAgainWithANewKey) {
  process_.obtain({"a.test"});
  const auto before = process_.certificates.current("a.test");
  const Outcome outcome = process_.obtain({"a.test"}, "none", true);
  EXPECT_EQ(outcome.action, Action::renewed);
  EXPECT_FALSE(process_.certificates.current("a.test")->key->key() == before->key->key());
}

TEST_F(ManagerTest, AFailureIsKeptWithTheNextAttemptAndHoldsTheClockwork) {
  world_.reachable = false;
  Outcome outcome = process_.obtain({"a.test"});
  EXPECT_EQ(outcome.action, Action::failed);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code(), ErrorCode::validation);
  EXPECT_GE(outcome.next_attempt, world_.clock.wall() + minutes(1));
  EXPECT_LE(outcome.next_attempt, world_.clock.wall() + minutes(4)) << "scattered: F40";
  const CertificateState state = process_.certificates.state("a.test");
  EXPECT_EQ(state.failures, 1);
  EXPECT_EQ(state.last_failure->code, "connection");

  world_.reachable = true;
  outcome = process_.renew("a.test");
  EXPECT_EQ(outcome.action, Action::deferred);
  EXPECT_EQ(outcome.error->code(), ErrorCode::deferred);
  outcome = process_.obtain({"a.test"});
  EXPECT_EQ(outcome.action, Action::issued) << "a person skips back-off";
  EXPECT_EQ(process_.certificates.state("a.test").failures, 0);
}

// The system's log has errors: a limit that is met must be among them, the wait after it not again.
TEST_F(ManagerTest, ALimitThatIsMetIsToldAsAFailureOnce) {
  const auto errors = [&] {
    return std::ranges::count(process_.events, Event::Level::error, &Event::level);
  };
  world_.ca.rule(Operation::new_order, 1, too_many());
  process_.obtain({"a.test"});
  EXPECT_EQ(errors(), 1);
  process_.obtain({"a.test"});
  EXPECT_EQ(errors(), 1);
}

TEST_F(ManagerTest, TheCasWaitBindsAPersonToo) {
  world_.ca.rule(Operation::new_order, 1, too_many());
  Outcome outcome = process_.obtain({"a.test"});
  EXPECT_EQ(outcome.action, Action::deferred);
  EXPECT_EQ(outcome.error->code(), ErrorCode::rate_limited);
  outcome = process_.obtain({"a.test"});
  EXPECT_EQ(outcome.action, Action::deferred);
  EXPECT_EQ(outcome.error->code(), ErrorCode::rate_limited);
  EXPECT_EQ(orders(), 1);
  world_.clock.advance(hours(1) + minutes(3));
  EXPECT_EQ(process_.obtain({"a.test"}).action, Action::issued);
}

TEST_F(ManagerTest, OneFailureStopsNoOther) {
  process_.obtain({"first.test"});
  for (const char* name : {"a.test", "b.test", "c.test"}) manager_.manage(world_.spec({name}));
  world_.ca.rule(Operation::new_order, 3, too_many());
  RunOptions options;
  options.only = {"a.test", "b.test", "c.test"};
  options.at_once = 3;
  const auto outcomes = manager_.run_once(options, {});
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_EQ(std::count_if(outcomes.begin(), outcomes.end(),
                          [](const Outcome& outcome) { return outcome.action == Action::issued; }),
            2);
}

TEST_F(ManagerTest, AHundredCertificatesShareOneAccount) {
  process_.obtain({"first.test"});
  for (int i = 0; i < 100; ++i) manager_.manage(world_.spec({"h" + std::to_string(i) + ".test"}));
  for (const Outcome& outcome : manager_.run_once({}, {})) {
    if (outcome.certificate == "first.test") continue;
    EXPECT_EQ(outcome.action, Action::issued) << outcome.text;
  }
  EXPECT_EQ(world_.ca.accounts(), 1u);
  EXPECT_EQ(world_.ca.count(Operation::directory), 1);
}

TEST_F(ManagerTest, AnUnknownCertificateIsAClearError) {
  const Outcome outcome = process_.renew("nobody.test");
  EXPECT_EQ(outcome.action, Action::failed);
  EXPECT_EQ(outcome.error->code(), ErrorCode::config);
}

TEST_F(ManagerTest, AHeldLockDefersAndNamesTheHolder) {
  const std::string id = manager_.manage(world_.spec({"a.test"}));
  const auto lock = process_.certificates.lock(id, world_.clock.steady(), {});
  const Outcome outcome = process_.renew(id);
  EXPECT_EQ(outcome.action, Action::deferred);
  EXPECT_EQ(outcome.error->code(), ErrorCode::locked);
  EXPECT_EQ(world_.ca.count(), 0);
}

TEST_F(ManagerTest, StoppedOnesAreCanceledAndNotFailures) {
  std::stop_source stop;
  stop.request_stop();
  manager_.manage(world_.spec({"a.test"}));
  const auto outcomes = manager_.run_once({}, stop.get_token());
  EXPECT_EQ(outcomes.front().error->code(), ErrorCode::canceled);
  EXPECT_EQ(process_.certificates.state("a.test").failures, 0);
}

TEST_F(ManagerTest, AnotherCaIsTriedWhenTheFirstIsNotReached) {
  CertificateSpec spec = world_.spec({"a.test"});
  CaSpec gone = spec.cas.front();
  gone.directory_url = "https://gone.test/directory";
  spec.cas.insert(spec.cas.begin(), gone);
  RunOptions options;
  options.only = {manager_.manage(spec)};
  const Outcome outcome = manager_.run_once(options, {}).front();
  EXPECT_EQ(outcome.action, Action::issued) << outcome.text;
  EXPECT_EQ(process_.certificates.current("a.test")->meta.ca, world_.ca.directory_url());
}

TEST_F(ManagerTest, ANameThatFailsValidationIsNotCarriedToTheNextCa) {
  CertificateSpec spec = world_.spec({"a.test"});
  spec.cas.push_back(spec.cas.front());
  spec.cas.back().account_label = "second";
  world_.reachable = false;
  RunOptions options;
  options.only = {manager_.manage(spec)};
  EXPECT_EQ(manager_.run_once(options, {}).front().error->code(), ErrorCode::validation);
  EXPECT_EQ(orders(), 1);
}

TEST_F(ManagerTest, AStoreThatCannotBeWrittenShowsBeforeAnythingIsOrdered) {
  manager_.manage(world_.spec({"a.test"}));
  process_.store.fail_from_to(1, 1'000'000);
  const Outcome outcome = process_.renew("a.test");
  EXPECT_EQ(outcome.action, Action::failed);
  EXPECT_EQ(outcome.error->code(), ErrorCode::storage);
  EXPECT_EQ(world_.ca.count(), 0);
}

TEST_F(ManagerTest, TheOrderOfACertificateThatIsInPlaceIsNotTakenUpAgain) {
  process_.obtain({"a.test"});
  const auto current = process_.certificates.current("a.test");
  ASSERT_TRUE(current);
  // As a crash between flip and clean-up leaves it.
  Pending left{world_.ca.directory_url(), current->meta.account, "https://ca.test/order/2",
               current->meta.names,       KeyType::ec256,        current->key->key().to_pem(),
               world_.clock.wall()};
  process_.certificates.put_pending("a.test", left);
  world_.clock.advance(days(61));
  EXPECT_EQ(process_.renew("a.test").action, Action::renewed);
  EXPECT_EQ(orders(), 2);
  EXPECT_FALSE(process_.certificates.pending("a.test"));
}

// --- manage ---

TEST_F(ManagerTest, TheSameNamesInAnotherOrderAreTheSameCertificate) {
  EXPECT_EQ(manager_.manage(world_.spec({"a.test", "b.test"})), "a.test");
  EXPECT_EQ(manager_.manage(world_.spec({"b.test", "a.test"})), "a.test");
  EXPECT_EQ(process_.certificates.ids().size(), 1u);
}

TEST_F(ManagerTest, MoreNamesExtendTheCertificateAndItIsIssuedAgain) {
  process_.obtain({"a.test"});
  const Outcome outcome = process_.obtain({"b.test", "a.test"});
  EXPECT_EQ(outcome.certificate, "a.test");
  EXPECT_EQ(outcome.action, Action::renewed);
  EXPECT_EQ(process_.certificates.current("a.test")->meta.cause, "names changed");
}

TEST_F(ManagerTest, FewerNamesAreRefusedWithBothWaysOut) {
  manager_.manage(world_.spec({"a.test", "b.test"}));
  const auto error = thrown_error([&] { manager_.manage(world_.spec({"a.test"})); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_NE(error->hint().find("autohttps obtain a.test b.test"), std::string::npos)
      << error->hint();
  EXPECT_NE(error->hint().find("--name a.test"), std::string::npos) << error->hint();
}

TEST_F(ManagerTest, AGivenIdReplacesTheNames) {
  manager_.manage(world_.spec({"a.test", "b.test"}));
  CertificateSpec spec = world_.spec({"a.test"});
  spec.id = "a.test";
  EXPECT_EQ(manager_.manage(spec), "a.test");
  EXPECT_EQ(process_.certificates.spec("a.test")->names, parse_identifiers({"a.test"}));
}

TEST_F(ManagerTest, ANameOfAnotherCertificateIsRefusedAndTheOtherNamed) {
  manager_.manage(world_.spec({"a.test"}));
  manager_.manage(world_.spec({"b.test"}));
  const auto both = thrown_error([&] { manager_.manage(world_.spec({"a.test", "b.test"})); });
  ASSERT_TRUE(both);
  EXPECT_NE(both->hint().find("autohttps delete"), std::string::npos) << both->hint();
  CertificateSpec spec = world_.spec({"b.test", "c.test"});
  spec.id = "mine";
  const auto given = thrown_error([&] { manager_.manage(spec); });
  ASSERT_TRUE(given);
  EXPECT_NE(std::string(given->what()).find("\"b.test\""), std::string::npos) << given->what();
}

TEST_F(ManagerTest, AddressesAreFoundAsWell) {
  EXPECT_EQ(manager_.manage(world_.spec({"192.0.2.7"})), "192.0.2.7");
  EXPECT_EQ(manager_.manage(world_.spec({"192.0.2.7", "a.test"})), "192.0.2.7");
}

TEST_F(ManagerTest, AWishThatIsThereIsNotWrittenAgain) {
  manager_.manage(world_.spec({"a.test"}));
  const int changes = process_.store.changes();
  manager_.manage(world_.spec({"a.test"}));
  EXPECT_EQ(process_.store.changes(), changes);
}

TEST_F(ManagerTest, AChangedWishForgetsTheBackOff) {
  world_.reachable = false;
  process_.obtain({"a.test"});
  world_.reachable = true;
  manager_.manage(world_.spec({"a.test", "b.test"}));
  EXPECT_EQ(process_.renew("a.test").action, Action::issued);
}

// --- run ---

TEST_F(ManagerTest, NextLookIsTheEarliestMoment) {
  EXPECT_FALSE(manager_.next_look());
  process_.obtain({"a.test"});
  EXPECT_EQ(manager_.next_look(), world_.clock.wall()) << "the CA may suggest when to renew";
  process_.renew("a.test");
  const auto next = manager_.next_look();
  ASSERT_TRUE(next);
  EXPECT_GT(*next, world_.clock.wall() + hours(23)) << "it suggests nothing";
  EXPECT_LE(*next, world_.clock.wall() + hours(24));
  manager_.manage(world_.spec({"b.test"}));
  EXPECT_EQ(manager_.next_look(), world_.clock.wall());
}

TEST(ManagerRunTest, ObtainsByItselfAndWakesForANewWish) {
  IssuingWorld world(ManualClock::Sleepers::waits);
  IssuingProcess process(world);
  // No polling sleeps here: everything is answered at once, but for the first 20 ms.
  world.ca.behaviour().reuse_authorizations = true;
  std::jthread runner([&](const std::stop_token& stop) { process.manager.run(stop); });
  process.manager.manage(world.spec({"a.test"}));
  process.manager.wake();
  while (!process.certificates.current("a.test")) {
    world.clock.advance(std::chrono::milliseconds(20));
    std::this_thread::yield();
  }
  EXPECT_LT(world.clock.elapsed(), hours(1));
  runner.request_stop();
  runner.join();  // at once, though nobody moves the clock
}

TEST(ManagerRunTest, RenewsAgainAndAgainWithoutAPerson) {
  IssuingWorld world;
  IssuingProcess process(world);
  world.ca.behaviour().certificate_life = days(6);
  process.manager.manage(world.spec({"a.test"}));
  std::stop_source stop;
  world.ca.rule(Operation::certificate, 13,
                autohttps::Action::before([&] { stop.request_stop(); }));
  process.manager.run(stop.get_token());
  EXPECT_GT(world.clock.elapsed(), 12 * hours(24 * 3 - 8));
  EXPECT_LT(world.clock.elapsed(), 12 * hours(24 * 3 + 1));
  EXPECT_EQ(world.ca.accounts(), 1u);
}

}  // namespace
}  // namespace autohttps::acme
