#include <autohttps/tools/autohttps/outlook.h>

#include <autohttps/acme/management/renewal_advice.h>
#include <autohttps/acme/protocol/certificate_identifier.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/test_certificates.h>
#include <autohttps/tools/autohttps/candidates.h>
#include <autohttps/tools/autohttps/report.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

using namespace std::chrono_literals;

constexpr auto kDay = std::chrono::hours(24);

// A store with what the tests put there; `now` is real: the throw-away CA's certificates are.
class OutlookTest : public testing::Test {
 protected:
  void wish(const std::string& id, const std::vector<std::string>& names = {}) {
    acme::CertificateSpec spec;
    spec.id = id;
    spec.names = parse_identifiers(names.empty() ? std::vector<std::string>{id} : names);
    spec.cas.emplace_back().directory_url = "https://ca.test/dir";
    certificates_.put_spec(spec);
  }

  void issue(const std::string& id, WallTime not_before, std::chrono::hours life,
             std::vector<std::string> names = {}) {
    if (names.empty()) names = {id};
    const TestChain chain =
        ca_.leaf({.names = names, .not_before = not_before, .not_after = not_before + life});
    acme::Bundle bundle;
    bundle.chain_pem = chain.chain;
    bundle.key_pem = chain.key;
    bundle.ca = "https://ca.test/dir";
    bundle.names = parse_identifiers(names);
    const auto lock = certificates_.lock(id, clock_.steady(), {});
    certificates_.add(*lock, id, bundle, "first issue", now_);
  }

  void fail(const std::string& id, WallTime next, bool binding) {
    acme::CertificateState state;
    state.failures = 2;
    state.next_attempt = next;
    state.next_reason = "back-off after 2 failures";
    state.binding = binding;
    state.last_failure = acme::Failure{now_, "connection", "nobody listens", "open port 80"};
    certificates_.put_state(id, state);
  }

  static acme::RunOptions run(bool person, bool force = false) {
    acme::RunOptions options;
    options.person = person;
    options.force = force;
    return options;
  }

  Outlook look(const std::string& id) { return look_at(certificates_, id, now_); }

  const WallTime now_ = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  ManualClock clock_{now_};
  acme::MemoryStore store_{clock_};
  acme::CertificateStore certificates_{store_};
  TestCa ca_;
};

TEST_F(OutlookTest, AWishWithoutACertificateIsNoneYet) {
  wish("a.test");
  const Outlook outlook = look("a.test");
  EXPECT_EQ(outlook.standing, Standing::none_yet);
}

TEST_F(OutlookTest, AYoungCertificateIsOkAndDueAtTwoThirds) {
  wish("a.test");
  issue("a.test", now_ - 1h, 90 * kDay);
  const Outlook outlook = look("a.test");
  EXPECT_EQ(outlook.standing, Standing::ok);
  ASSERT_TRUE(outlook.next);
  EXPECT_EQ(*outlook.next, now_ - 1h + 60 * kDay);
  EXPECT_NEAR(life_left(*outlook.current, now_), 1, 0.01);
}

// At three in the morning it is the host that is known.
TEST_F(OutlookTest, ANameLeadsToItsCertificate) {
  wish("a.test", {"a.test", "www.shop.example", "*.b.test"});
  const auto hint = [&](const std::string& name) {
    try {
      look_at_all(certificates_, {name}, now_);
    } catch (const Error& error) {
      return error.hint();
    }
    return std::string("found");
  };
  EXPECT_EQ(hint("a.test"), "found");
  EXPECT_EQ(hint("WWW.shop.example"), "it is one of the names of \"a.test\": give that");
  EXPECT_EQ(hint("x.b.test"), "it is one of the names of \"a.test\": give that");
  EXPECT_EQ(hint("a.tset"), "did you mean \"a.test\"?");
  for (const char* nobody : {"nobody.example", "../../etc", "", "a b"}) {
    EXPECT_EQ(hint(nobody), "autohttps list shows what there is") << nobody;
  }
}

TEST_F(OutlookTest, WhatASuccessCameAfterIsHistory) {
  wish("a.test");
  issue("a.test", now_ - 1h, 90 * kDay);
  fail("a.test", now_ + 1h, false);
  EXPECT_NE(outlook_text(look("a.test"), "/store", now_).find("nobody listens"), std::string::npos);
  acme::CertificateState state = certificates_.state("a.test");
  EXPECT_NE(last_failure_text(state, now_).find("open port 80"), std::string::npos);
  state.failures = 0;
  certificates_.put_state("a.test", state);
  const std::string text = outlook_text(look("a.test"), "/store", now_);
  EXPECT_EQ(text.find("nobody listens"), std::string::npos) << text;
  EXPECT_EQ(last_failure_text(state, now_).find("open port 80"), std::string::npos);
  EXPECT_NE(last_failure_text(state, now_).find("nobody listens"), std::string::npos);
}

TEST_F(OutlookTest, DamageIsToldInALineToo) {
  wish("a.test");
  issue("a.test", now_ - 1h, 90 * kDay);
  EXPECT_EQ(outlook_line(look("a.test"), now_).find("trouble"), std::string::npos);
  store_.put("certificates/a.test/spec.json", "", acme::Store::Survives::power_cut);
  const std::string line = outlook_line(look("a.test"), now_);
  EXPECT_NE(line.find("trouble: \"certificates/a.test/spec.json\""), std::string::npos) << line;
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
}

// One that is fine does not hide one that is not.
TEST_F(OutlookTest, OfAPairEachIsTold) {
  acme::CertificateSpec spec;
  spec.id = "a.test";
  spec.names = parse_identifiers({"a.test"});
  spec.cas.emplace_back().directory_url = "https://ca.test/dir";
  spec.key_types = {KeyType::ec256, KeyType::rsa2048};
  certificates_.put_spec(spec);
  issue("a.test", now_ - 1h, 90 * kDay);
  acme::CertificateState state;
  state.failures = 2;
  state.next_attempt = now_ + 1h;
  state.next_reason = "back-off after 2 failures";
  state.last_failure = acme::Failure{now_, "connection", "nobody listens", "open port 80"};
  certificates_.put_state("a.test", state, acme::Store::Survives::power_cut, KeyType::rsa2048);
  acme::CertificateState fine;
  note_revoked(fine, {certificates_.current("a.test")->key->fingerprint()});
  certificates_.put_state("a.test", fine);

  const Outlook outlook = look("a.test");
  EXPECT_EQ(outlook.state.failures, 2);
  const Json object = outlook_json(outlook, "/store", now_);
  ASSERT_EQ(object["key_types"].size(), 2u);
  EXPECT_EQ(object["key_types"][0]["key_type"], "ec256");
  EXPECT_EQ(object["key_types"][0]["in_place"], true);
  EXPECT_EQ(object["key_types"][0]["revoked"], true);
  EXPECT_EQ(object["key_types"][1]["in_place"], false);
  EXPECT_EQ(object["key_types"][1]["failures"], 2);
  EXPECT_EQ(object["key_types"][1]["last_error"]["code"], "connection");
  const std::string text = outlook_text(outlook, "/store", now_);
  EXPECT_NE(text.find("rsa2048: there is none yet"), std::string::npos) << text;
  EXPECT_NE(text.find("revoked"), std::string::npos) << text;
}

TEST_F(OutlookTest, WhatTheCaSuggestsIsShownWithItsWindowAndWhy) {
  wish("a.test");
  issue("a.test", now_ - 1h, 90 * kDay);
  const auto current = certificates_.current("a.test");
  acme::RenewalInfo info;
  info.start = now_ + 10 * kDay;
  info.end = now_ + 12 * kDay;
  info.explanation = "https://ca.test/why";
  const auto certificate = acme::certificate_identifier(*current->key);
  ASSERT_TRUE(certificate);
  acme::CertificateState state;
  state.advice = acme::advised({}, *certificate, info,
                               {current->key->not_before(), current->key->not_after()}, 0.5, now_);
  certificates_.put_state("a.test", state);
  const Outlook outlook = look("a.test");
  EXPECT_EQ(outlook.next, now_ + 11 * kDay);
  EXPECT_EQ(outlook.reason, "the CA suggests it");
  EXPECT_NE(outlook_text(outlook, "/store", now_).find("https://ca.test/why"), std::string::npos);
  EXPECT_FALSE(is_poll_due(outlook, now_));
  EXPECT_TRUE(is_poll_due(outlook, now_ + 7h));
}

TEST_F(OutlookTest, AnOldOneIsDueAndThenExpired) {
  wish("old.test");
  issue("old.test", now_ - 70 * kDay, 90 * kDay);
  EXPECT_EQ(look("old.test").standing, Standing::due);
  wish("dead.test");
  issue("dead.test", now_ - 100 * kDay, 90 * kDay);
  EXPECT_EQ(look("dead.test").standing, Standing::expired);
  EXPECT_EQ(life_left(*look("dead.test").current, now_), 0);
}

TEST_F(OutlookTest, AChangedWishIsDueAtOnce) {
  wish("a.test", {"a.test", "b.test"});
  issue("a.test", now_ - 1h, 90 * kDay);
  const Outlook outlook = look("a.test");
  EXPECT_EQ(outlook.standing, Standing::due);
  EXPECT_EQ(outlook.reason, "names changed");
}

TEST_F(OutlookTest, FailuresRetryUnlessACaSaysWhen) {
  wish("a.test");
  fail("a.test", now_ + 1h, false);
  const Outlook retrying = look("a.test");
  EXPECT_EQ(retrying.standing, Standing::retrying);
  EXPECT_EQ(retrying.next, now_ + 1h);
  EXPECT_EQ(retrying.reason, "back-off after 2 failures");
  fail("a.test", now_ + 1h, true);
  EXPECT_EQ(look("a.test").standing, Standing::blocked);
  fail("a.test", now_ - 1h, true);
  EXPECT_EQ(look("a.test").standing, Standing::retrying) << "the wait is over";
}

TEST_F(OutlookTest, ProblemsComeFirst) {
  wish("a-ok.test");
  issue("a-ok.test", now_ - 1h, 90 * kDay);
  wish("b-new.test");
  wish("c-dead.test");
  issue("c-dead.test", now_ - 100 * kDay, 90 * kDay);
  const std::vector<Outlook> all = look_at_all(certificates_, {}, now_);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].id, "c-dead.test");
  EXPECT_EQ(all[1].id, "b-new.test");
  EXPECT_EQ(all[2].id, "a-ok.test");
}

TEST_F(OutlookTest, AnUnknownNameIsRefusedWithTheNearest) {
  wish("a.test");
  try {
    look_at_all(certificates_, {"a.tset"}, now_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::config);
    EXPECT_EQ(error.hint(), "did you mean \"a.test\"?");
  }
}

std::vector<std::string> on_port(const Candidates& candidates) {
  std::vector<std::string> ids;
  for (const OnPort& candidate : candidates.on_port) ids.push_back(candidate.id);
  return ids;
}

TEST_F(OutlookTest, OnlyWhatIsDueIsACandidateAndOnlyAttemptsNeedThePort) {
  const std::vector<std::string> none;
  const std::vector<std::string> one = {"new.test"};
  wish("ok.test");
  issue("ok.test", now_ - 1h, 90 * kDay);
  const Candidates idle = choose({look("ok.test")}, run(true), now_);
  EXPECT_EQ(on_port(idle), none);
  EXPECT_EQ(idle.elsewhere, none);
  EXPECT_EQ(idle.others.size(), 1u);
  EXPECT_EQ(choose({look("ok.test")}, run(false, true), now_).on_port.size(), 1u) << "forced";

  wish("new.test");
  EXPECT_EQ(on_port(choose({look("new.test")}, run(false), now_)), one);
  fail("new.test", now_ + 1h, false);
  EXPECT_EQ(on_port(choose({look("new.test")}, run(false), now_)), none);
  EXPECT_EQ(choose({look("new.test")}, run(false), now_).elsewhere, one) << "to be told deferred";
  EXPECT_EQ(on_port(choose({look("new.test")}, run(true), now_)), one);
  fail("new.test", now_ + 1h, true);
  EXPECT_EQ(on_port(choose({look("new.test")}, run(true), now_)), none);
}

TEST_F(OutlookTest, AWebrootNeedsNoPort) {
  wish("a.test");
  acme::CertificateSpec spec = *certificates_.spec("a.test");
  spec.webroot = "/var/www/html";
  certificates_.put_spec(spec);
  EXPECT_TRUE(choose({look("a.test")}, run(true), now_).on_port.empty());
  EXPECT_EQ(choose({look("a.test")}, run(true), now_).elsewhere.size(), 1u);
}

TEST_F(OutlookTest, ReportHasWhatAPersonAsksFor) {
  wish("a.test", {"a.test", "b.test"});
  issue("a.test", now_ - 1h, 90 * kDay, {"a.test", "b.test"});
  const Outlook outlook = look("a.test");
  const std::string text = outlook_text(outlook, "/store", now_);
  const CertifiedKey& key = *outlook.current->key;
  for (const std::string& part :
       {std::string("a.test: ok"), std::string("a.test, b.test"), key.serial(), key.fingerprint(),
        key.issuer(), std::string("/store/certificates/a.test/current"),
        std::string("99 % of its life left"), outlook.reason}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST_F(OutlookTest, JsonHasSchemaTimesAndStableWords) {
  wish("a.test");
  fail("a.test", now_ + 1h, true);
  const Json object = outlook_json(look("a.test"), "/store", now_);
  EXPECT_EQ(object["state"], "blocked");
  EXPECT_EQ(object["last_error"]["code"], "connection");
  EXPECT_TRUE(object["current"].is_null());
  EXPECT_TRUE(object["next_attempt"].get<std::string>().ends_with("Z"));
  EXPECT_EQ(answer("status")["schema"], 1);
}

TEST(ReportTest, TheWorstOutcomeIsTheRuns) {
  using Action = acme::Outcome::Action;
  const auto all = [](std::initializer_list<Action> actions) {
    std::vector<acme::Outcome> outcomes;
    for (const Action action : actions) outcomes.emplace_back().action = action;
    return std::string(action_name(overall(outcomes)));
  };
  EXPECT_EQ(all({}), "none");
  EXPECT_EQ(all({Action::none, Action::renewed}), "renewed");
  EXPECT_EQ(all({Action::renewed, Action::issued}), "issued");
  EXPECT_EQ(all({Action::issued, Action::deferred}), "deferred");
  EXPECT_EQ(all({Action::deferred, Action::failed, Action::none}), "failed");
}

TEST(ReportTest, AnOutcomeInJson) {
  acme::Outcome outcome;
  outcome.certificate = "a.test";
  outcome.action = acme::Outcome::Action::failed;
  outcome.error = Error(ErrorCode::rate_limited, "too many", "wait");
  outcome.error->with_retry_at(WallTime(1'800'000'000s));
  const Json object = outcome_json(outcome, "/store");
  EXPECT_EQ(object["action"], "failed");
  EXPECT_EQ(object["error"]["code"], "rate_limited");
  EXPECT_EQ(object["error"]["retry_at"], "2027-01-15T08:00:00Z");
  EXPECT_FALSE(object.contains("fullchain")) << "there is none";
  outcome.generation = 3;
  EXPECT_EQ(outcome_json(outcome, "/store")["privkey"],
            "/store/certificates/a.test/current/privkey.pem");
}

}  // namespace
}  // namespace autohttps::tools
