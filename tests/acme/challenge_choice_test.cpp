// Which challenge an order is proven by, from the wish, the listeners and what the CA offers.
#include <autohttps/acme/challenges/answering_ways.h>
#include <autohttps/common/json.h>
#include <autohttps/tests/support/issuing_process.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace autohttps::acme {
namespace {

class ChallengeChoiceTest : public testing::Test {
 protected:
  ChallengeChoiceTest() { world_.reachable_443 = true; }

  Outcome obtain(const std::string& challenge = {}, const std::string& name = "a.test") {
    CertificateSpec spec = world_.spec({name});
    spec.challenge = challenge;
    RunOptions options;
    options.person = true;
    options.only = {process_.manager.manage(spec)};
    return process_.manager.run_once(options, {}).front();
  }
  bool told(const std::string& text) const {
    return std::ranges::any_of(process_.events, [&](const Event& event) {
      return event.text.find(text) != std::string::npos;
    });
  }
  bool nothing_is_up() const {
    return process_.answers_up() == 0 && process_.store.list("challenges/tls-alpn-01").empty();
  }
  int orders() const { return world_.ca.count(Operation::new_order); }

  IssuingWorld world_;
  IssuingProcess process_{world_};
};

using Action = Outcome::Action;

TEST_F(ChallengeChoiceTest, Http01IsPreferred) {
  process_.ways.open("tls-alpn-01");
  EXPECT_EQ(obtain().action, Action::issued);
  EXPECT_TRUE(told("a.test: answering http-01"));
  EXPECT_TRUE(nothing_is_up());
}

TEST_F(ChallengeChoiceTest, WhatCannotWorkHereIsPassedOverAndWhyIsShown) {
  process_.ways.open("tls-alpn-01");
  process_.ways.close("http-01", "port 80 is held by nginx (pid 812)");
  EXPECT_EQ(obtain().action, Action::issued);
  EXPECT_TRUE(told("a.test: answering tls-alpn-01 (http-01: port 80 is held by nginx (pid 812))"));
  EXPECT_TRUE(nothing_is_up());
}

TEST_F(ChallengeChoiceTest, AForcedOneIsTheOnlyOne) {
  process_.ways.open("tls-alpn-01");
  EXPECT_EQ(obtain("tls-alpn-01").action, Action::issued);
  EXPECT_TRUE(told("a.test: answering tls-alpn-01"));
}

TEST_F(ChallengeChoiceTest, AddressesAreProvenByIt) {
  process_.ways.open("tls-alpn-01");
  EXPECT_EQ(obtain("tls-alpn-01", "192.0.2.1").action, Action::issued);
  EXPECT_EQ(obtain("tls-alpn-01", "2001:db8::1").action, Action::issued);
}

TEST_F(ChallengeChoiceTest, WhereNothingCanWorkEachWayIsNamedAndNothingOrdered) {
  process_.ways.close("http-01", "port 80 is held by nginx");
  process_.ways.close("tls-alpn-01", "port 443 is held by nginx");
  const Outcome outcome = obtain();
  EXPECT_EQ(outcome.action, Action::failed);
  EXPECT_EQ(outcome.error->code(), ErrorCode::config);
  EXPECT_NE(outcome.text.find("http-01: port 80 is held by nginx; "
                              "tls-alpn-01: port 443 is held by nginx"),
            std::string::npos)
      << outcome.text;
  EXPECT_EQ(world_.ca.count(), 0);
}

TEST_F(ChallengeChoiceTest, AForcedOneThatCannotWorkOrdersNothing) {
  EXPECT_EQ(obtain("tls-alpn-01").action, Action::failed);
  EXPECT_EQ(obtain("tls-alpn-01", "*.b.test").action, Action::failed);
  const Outcome unknown = obtain("tls-sni-01", "c.test");
  EXPECT_EQ(unknown.action, Action::failed);
  EXPECT_NE(unknown.text.find("tls-sni-01"), std::string::npos) << unknown.text;
  EXPECT_EQ(orders(), 0);
}

// They come: dns-persist-01 has no token (and some clients broke on it).
TEST_F(ChallengeChoiceTest, UnknownTypesAndThoseWithoutTokenAreNotChosen) {
  world_.ca.rule(Operation::authorization, 1, autohttps::Action::change_body([](auto body) {
                   Json authorization = parse_json(body, "a test");
                   for (Json& challenge : authorization["challenges"]) {
                     if (challenge["type"] == "http-01") {
                       challenge["type"] = "http-99";
                       challenge.erase("token");
                     }
                     if (challenge["type"] == "tls-alpn-01") challenge["type"] = "tls-next-01";
                   }
                   return to_text(authorization);
                 }));
  process_.ways.open("tls-alpn-01");
  const Outcome outcome = obtain();
  EXPECT_EQ(outcome.action, Action::failed);
  EXPECT_NE(outcome.text.find("http-01, tls-alpn-01: not offered"), std::string::npos)
      << outcome.text;
  EXPECT_EQ(world_.ca.count(Operation::challenge), 0);
  EXPECT_TRUE(nothing_is_up());
}

TEST_F(ChallengeChoiceTest, WhatIsNotOfferedIsPassedOver) {
  world_.ca.rule(Operation::authorization, 1, autohttps::Action::change_body([](auto body) {
                   Json authorization = parse_json(body, "a test");
                   for (Json& challenge : authorization["challenges"]) {
                     if (challenge["type"] == "http-01") challenge["type"] = "http-99";
                   }
                   return to_text(authorization);
                 }));
  process_.ways.open("tls-alpn-01");
  EXPECT_EQ(obtain().action, Action::issued);
  EXPECT_TRUE(told("a.test: answering tls-alpn-01 (http-01: not offered)"));
}

// RELIABILITY F26: closed from outside, which no look from here can show.
TEST_F(ChallengeChoiceTest, F26_APortThatTheCaFoundShutIsNotTriedTwiceInARow) {
  process_.ways.open("tls-alpn-01");
  world_.reachable = false;
  EXPECT_EQ(obtain().action, Action::failed);
  EXPECT_FALSE(told("answering tls-alpn-01"));
  EXPECT_EQ(obtain().action, Action::issued);
  EXPECT_TRUE(told("a.test: answering tls-alpn-01"));
  EXPECT_EQ(orders(), 2) << "no attempt more than there would have been";
}

TEST_F(ChallengeChoiceTest, F26_NeitherPortIsGivenUp) {
  process_.ways.open("tls-alpn-01");
  world_.reachable = world_.reachable_443 = false;
  obtain();
  obtain();
  world_.reachable = true;
  EXPECT_EQ(obtain().action, Action::issued);
}

TEST(PrefersOtherPortTest, OnlyAfterTheCaCouldNotConnect) {
  CertificateState state;
  EXPECT_FALSE(prefers_other_port(state));
  state.failures = 1;
  EXPECT_FALSE(prefers_other_port(state));
  state.last_failure = Failure{{}, "unauthorized", "", ""};
  EXPECT_FALSE(prefers_other_port(state)) << "somebody answered";
  state.last_failure->code = "connection";
  EXPECT_TRUE(prefers_other_port(state));
  state.failures = 2;
  EXPECT_FALSE(prefers_other_port(state)) << "in turns";
}

}  // namespace
}  // namespace autohttps::acme
