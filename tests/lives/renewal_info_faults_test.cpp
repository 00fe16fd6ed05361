// F41 and F42 of RELIABILITY 3.3: what a CA may say of renewal, and a certificate that was revoked.
#include <autohttps/acme/protocol/certificate_identifier.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/pair_fixture.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Outcome::Action;

class SuggestedRenewal : public PairFixture {
 protected:
  SuggestedRenewal() { world_.ca.behaviour().renewal_information = true; }

  CertificateSpec single(const std::string& limits = "none") const { return pair(limits, {kEc}); }
  void suggest(WallTime start, WallTime end) {
    world_.ca.behaviour().renewal_window = std::pair(start, end);
  }
  // As cron does it, the port's listener aside.
  Outcome cron() {
    RunOptions options;
    options.only = {"a.test"};
    options.until_next_look = hours(1);
    return process_.manager.run_once(options, {}).front();
  }
  int polls() const { return world_.ca.count(Operation::renewal_info); }
  std::string last_order() const {
    std::string payload;
    for (const SeenRequest& request : world_.ca.requests()) {
      if (request.operation == Operation::new_order) payload = request.payload;
    }
    return payload;
  }
  WallTime now() const { return world_.clock.wall(); }
  std::optional<RenewalAdvice> advice() const {
    return process_.certificates.state("a.test").advice;
  }
};

using F41_RenewalInfo = SuggestedRenewal;

TEST_F(F41_RenewalInfo, IsAskedWhenTheRetryAfterHasPassedAndByWhoeverComesNext) {
  obtain(single());
  EXPECT_EQ(polls(), 0);
  renew();
  EXPECT_EQ(polls(), 1);
  renew();
  world_.clock.advance(hours(5));
  {
    IssuingProcess other(world_);  // nothing but the disk is left
    other.renew("a.test");
  }
  EXPECT_EQ(polls(), 1);
  world_.clock.advance(hours(1) + seconds(1));
  const auto before = advice();
  IssuingProcess other(world_);
  other.renew("a.test");
  EXPECT_EQ(polls(), 2);
  EXPECT_EQ(advice()->pick, before->pick) << "the window is the same";
}

TEST_F(F41_RenewalInfo, APastWindowRenewsNowAndSaysWhatItReplaces) {
  obtain(single());
  const auto replaced = certificate_identifier(*current()->key);
  suggest(now() - days(2), now() - days(1));
  const Outcome outcome = renew();
  EXPECT_EQ(outcome.action, Kind::renewed) << outcome.text;
  EXPECT_EQ(current()->meta.cause, "the CA suggests it");
  EXPECT_NE(last_order().find("\"replaces\":\"" + *replaced + "\""), std::string::npos)
      << last_order();
}

TEST_F(F41_RenewalInfo, TheMomentInsideTheWindowDecides) {
  obtain(single());
  suggest(now() + days(10), now() + days(12));
  const Outcome outcome = renew();
  EXPECT_EQ(outcome.action, Kind::none);
  ASSERT_TRUE(advice()->pick);
  EXPECT_EQ(outcome.next_attempt, advice()->pick);
  EXPECT_GE(*advice()->pick, now() + days(10));
  EXPECT_LE(*advice()->pick, now() + days(12));
  world_.clock.set_wall(*advice()->pick - seconds(1));
  EXPECT_EQ(renew().action, Kind::none);
  world_.clock.set_wall(*advice()->pick);
  EXPECT_EQ(renew().action, Kind::renewed);
}

TEST_F(F41_RenewalInfo, FarInTheFutureTheGuardDecides) {
  obtain(single());
  const WallTime end = current()->key->not_after();
  suggest(end - days(2), end - days(1));
  EXPECT_EQ(renew().next_attempt, end - days(15)) << "a sixth of 90 days";
  suggest(end + days(40000), end + days(40001));
  world_.clock.advance(hours(7));
  EXPECT_LT(*renew().next_attempt, end - days(29)) << "nonsense: the lifetime rule";
}

TEST_F(F41_RenewalInfo, NonsenseIsTheLifetimesMatterAndNoFailure) {
  const auto times = [&](const std::string& start, const std::string& end) {
    return "{\"suggestedWindow\":{\"start\":\"" + start + "\",\"end\":\"" + end + "\"}}";
  };
  const std::vector<std::string> bodies = {
      times("2027-03-02T00:00:00Z", "2027-03-01T00:00:00Z"),
      times("2027-03-01T00:00:00Z", "2027-03-01T00:00:00Z"),
      times("yesterday", "tomorrow"),
      "{\"suggestedWindow\":{}}",
      "{\"suggestedWindow\":7}",
      "[]",
      "",
      "<html>",
      std::string(2 << 20, ' '),
  };
  for (const std::string& body : bodies) {
    SCOPED_TRACE(body.substr(0, 80));
    IssuingWorld world;
    IssuingProcess process(world);
    world.ca.behaviour().renewal_information = true;
    world.ca.behaviour().renewal_body = [&](const std::string&) { return body; };
    CertificateSpec spec = world.spec({"a.test"});
    spec.id = "a.test";
    obtain(process, spec);
    const Outcome outcome = process.renew("a.test");
    EXPECT_EQ(outcome.action, Kind::none) << outcome.text;
    EXPECT_FALSE(outcome.error);
    EXPECT_GT(*outcome.next_attempt, world.clock.wall() + days(50));
    const CertificateState state = process.certificates.state("a.test");
    EXPECT_EQ(state.failures, 0);
    EXPECT_FALSE(state.last_failure);
    EXPECT_NE(state.advice->trouble, "");
    const int requests = world.ca.count();
    process.renew("a.test");
    EXPECT_EQ(world.ca.count(), requests) << "not asked again at once";
    world.clock.advance(days(61));
    EXPECT_EQ(process.renew("a.test").action, Kind::renewed);
  }
}

TEST_F(F41_RenewalInfo, ACaThatIsNotThereIsAskedAgainPolitelyAndWhatItSaidHolds) {
  obtain(single());
  suggest(now() + days(10), now() + days(12));
  renew();
  const auto known = advice();
  world_.ca.rule(Operation::renewal_info, 0, autohttps::Action::problem("serverInternal", 503));
  const WallTime end = now() + days(2);
  const int before = polls();
  while (now() < end) {
    EXPECT_EQ(renew().action, Kind::none);
    world_.clock.advance(minutes(10));
  }
  EXPECT_EQ(advice()->pick, known->pick);
  EXPECT_LE(polls() - before, 14) << "slower and slower";
  EXPECT_EQ(process_.certificates.state("a.test").failures, 0);
}

TEST_F(F41_RenewalInfo, WithoutRenewalInfoNothingIsAskedAndNothingReplaced) {
  world_.ca.behaviour().renewal_information = false;
  obtain(single());
  for (int i = 0; i < 30; ++i) {
    renew();
    world_.clock.advance(hours(1));
  }
  EXPECT_EQ(polls(), 0);
  world_.clock.advance(days(61));
  renew();
  EXPECT_EQ(last_order().find("replaces"), std::string::npos);
}

TEST_F(F41_RenewalInfo, AFlappingWindowCostsNoMoreThanItsPolls) {
  obtain(single());
  const int orders_before = orders();
  for (int i = 0; i < 40; ++i) {
    suggest(now() + days(i % 2 == 0 ? 10 : 40), now() + days(i % 2 == 0 ? 12 : 42));
    renew();
    world_.clock.advance(hours(6));
  }
  EXPECT_EQ(orders(), orders_before) << "moved along, it is not due";
  EXPECT_LE(polls(), 40);
}

// A CA in error must not be asked in a circle.
TEST_F(F41_RenewalInfo, APastWindowForEachNewCertificateStaysWithinTheBudget) {
  obtain(single("letsencrypt"));
  suggest(now() - days(2), now() - days(1));
  const WallTime end = now() + days(1);
  while (now() < end) {
    renew();
    world_.clock.advance(minutes(5));
  }
  EXPECT_LE(world_.ca.certificates().size(), 5u) << "the first, two of ours, two replacements";
}

TEST_F(F41_RenewalInfo, ARefusedReplacesIsLeftOutOnce) {
  for (const auto& [type, status] :
       std::vector<std::pair<const char*, int>>{{"alreadyReplaced", 409},
                                                {"unauthorized", 403},
                                                {"malformed", 400},
                                                {"malformed", 404},
                                                // Pebble, of a certificate it does not find
                                                {"serverInternal", 500}}) {
    SCOPED_TRACE(type);
    IssuingWorld world;
    IssuingProcess process(world);
    world.ca.behaviour().renewal_information = true;
    CertificateSpec spec = world.spec({"a.test"});
    spec.id = "a.test";
    obtain(process, spec);
    world.ca.rule(Operation::new_order, 2, autohttps::Action::problem(type, status));
    const Outcome outcome = obtain(process, spec, true);
    EXPECT_EQ(outcome.action, Kind::renewed) << outcome.text;
    EXPECT_EQ(world.ca.count(Operation::new_order), 3);
    EXPECT_EQ(world.ca.requests().back().payload.find("replaces"), std::string::npos);
    EXPECT_EQ(process.certificates.state("a.test").failures, 0);
  }
}

// certmagic#334, #361: refused for ever, until the certificate ran out.
TEST_F(F41_RenewalInfo, WhatHasBeenReplacedAlreadyIsRenewedWithoutSayingSo) {
  obtain(single());
  obtain(single(), true);
  ASSERT_NE(last_order().find("replaces"), std::string::npos);
  process_.manager.roll_back("a.test", 1, {}, {});
  EXPECT_EQ(obtain(single(), true).action, Kind::renewed);
  EXPECT_EQ(orders(), 4) << "refused with 409, and once more without";
  EXPECT_EQ(last_order().find("replaces"), std::string::npos);
}

TEST_F(F41_RenewalInfo, ARefusalThatIsAboutSomethingElseIsNotAskedTwice) {
  obtain(single());
  world_.ca.rule(Operation::new_order, 2,
                 autohttps::Action::problem("rateLimited", 429, "too many", {"60"}));
  EXPECT_EQ(obtain(single(), true).action, Kind::deferred);
  EXPECT_EQ(orders(), 2);
}

TEST_F(F41_RenewalInfo, AnotherAccountsCertificateIsNotSaidToBeReplaced) {
  obtain(single());
  CertificateSpec spec = single();
  spec.cas.front().account_label = "second";
  EXPECT_EQ(obtain(spec, true).action, Kind::renewed);
  EXPECT_EQ(last_order().find("replaces"), std::string::npos);
}

TEST_F(F41_RenewalInfo, CronRenewsWhatWouldPassBeforeItsNextRun) {
  obtain(single());
  suggest(now() - hours(1), now() + minutes(30));
  EXPECT_EQ(cron().action, Kind::renewed);
}

TEST_F(F41_RenewalInfo, TheExplanationIsToldOnceAndKept) {
  world_.ca.behaviour().renewal_explanation = "https://ca.test/why";
  obtain(single());
  renew();
  world_.clock.advance(hours(7));
  renew();
  EXPECT_EQ(advice()->explanation, "https://ca.test/why");
  EXPECT_EQ(std::ranges::count_if(process_.events,
                                  [](const Event& event) {
                                    return event.text.find("https://ca.test/why") !=
                                           std::string::npos;
                                  }),
            1);
}

TEST_F(F41_RenewalInfo, EachOfAPairHasItsOwn) {
  obtain(pair());
  renew();
  EXPECT_EQ(polls(), 2);
  const auto rsa = certificate_identifier(*current()->part(kRsa)->key);
  const std::string ec = fingerprint(kEc);
  world_.ca.behaviour().renewal_body = [&](const std::string& certificate) {
    return certificate == *rsa
               ? R"({"suggestedWindow":{"start":"2020-01-01T00:00:00Z","end":"2020-01-02T00:00:00Z"}})"
               : R"({"suggestedWindow":{"start":"2027-03-01T00:00:00Z","end":"2027-03-02T00:00:00Z"}})";
  };
  world_.clock.advance(hours(7));
  const Outcome outcome = renew();
  EXPECT_EQ(outcome.parts[0].action, Kind::none);
  EXPECT_EQ(outcome.parts[1].action, Kind::renewed);
  EXPECT_EQ(fingerprint(kEc), ec);
  EXPECT_NE(last_order().find(*rsa), std::string::npos);
}

TEST_F(F41_RenewalInfo, WhoHoldsTheLockIsNotWaitedForToAsk) {
  obtain(single());
  const auto lock = process_.certificates.lock("a.test", world_.clock.steady(), {});
  const Outcome outcome = renew();
  EXPECT_EQ(outcome.action, Kind::none) << outcome.text;
  EXPECT_EQ(polls(), 0);
}

TEST_F(F41_RenewalInfo, OnlyAskingOrdersNothing) {
  obtain(single());
  suggest(now() - days(2), now() - days(1));
  RunOptions options;
  options.only = {"a.test"};
  options.only_ask = true;
  process_.manager.run_once(options, {});
  EXPECT_EQ(polls(), 1);
  EXPECT_EQ(orders(), 1);
  EXPECT_EQ(renew().action, Kind::renewed);
}

// --- F42 ---

using F42_Revoked = SuggestedRenewal;

TEST_F(F42_Revoked, IsRenewedAtOnceWhereItIsKnownHere) {
  world_.ca.behaviour().renewal_information = false;
  obtain(single());
  CertificateState state = process_.certificates.state("a.test");
  note_revoked(state, {fingerprint(kEc)});
  process_.certificates.put_state("a.test", state);
  EXPECT_EQ(renew().action, Kind::renewed);
  EXPECT_EQ(current()->meta.cause, "revoked");
  EXPECT_EQ(std::ranges::count(process_.events, Event::Level::warning, &Event::level), 1);
  EXPECT_EQ(renew().action, Kind::none) << "the new one was not";
}

TEST_F(F42_Revoked, IsRenewedWithinADayWhereOnlyTheCaKnows) {
  obtain(single());
  renew();
  const std::string before = fingerprint(kEc);
  suggest(now() - days(2), now() - days(1));  // as CAs do for a revoked one
  const WallTime end = now() + days(1);
  while (now() < end && fingerprint(kEc) == before) {
    world_.clock.advance(hours(1));
    cron();
  }
  EXPECT_NE(fingerprint(kEc), before);
}

TEST_F(F42_Revoked, OfAPairTheOtherStays) {
  obtain(pair());
  const std::string ec = fingerprint(kEc);
  CertificateState state = process_.certificates.state("a.test", kRsa);
  note_revoked(state, {fingerprint(kRsa)});
  process_.certificates.put_state("a.test", state, Store::Survives::power_cut, kRsa);
  EXPECT_EQ(renew().action, Kind::renewed);
  EXPECT_EQ(fingerprint(kEc), ec);
  EXPECT_NE(fingerprint(kRsa), state.revoked.front().fingerprint);
}

// With --reuse-key: the CA that was told of the leak would refuse the key for ever.
TEST_F(F42_Revoked, AKeyThatLeakedIsNotKept) {
  CertificateSpec spec = single();
  spec.reuse_key = true;
  obtain(spec);
  const auto revoke = [&](bool leaked) {
    CertificateState state = process_.certificates.state("a.test");
    note_revoked(state, {fingerprint(kEc), leaked});
    process_.certificates.put_state("a.test", state);
    const PrivateKey before = current()->key->key();
    EXPECT_EQ(renew().action, Kind::renewed);
    return current()->key->key() == before;
  };
  EXPECT_TRUE(revoke(false)) << "superseded, say: the key is as good as it was";
  EXPECT_FALSE(revoke(true));
}

}  // namespace
}  // namespace autohttps::acme
