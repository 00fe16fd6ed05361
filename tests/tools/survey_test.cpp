#include <autohttps/tools/autohttps/survey.h>

#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/test_certificates.h>

#include <gtest/gtest.h>

namespace autohttps::tools {
namespace {

using namespace std::chrono_literals;
using Served = Survey::Served;

constexpr auto kDay = std::chrono::hours(24);

class SurveyTest : public testing::Test {
 protected:
  void wish(const std::string& id, const std::string& limits = "none") {
    acme::CertificateSpec spec;
    spec.id = id;
    spec.names = parse_identifiers({id});
    spec.cas.emplace_back().directory_url = "https://ca.test/dir";
    spec.cas.front().limits = limits;
    certificates_.put_spec(spec);
  }
  void issue(const std::string& id, int percent_left, const std::string& limits = "none") {
    wish(id, limits);
    const WallTime begin = now_ - (100 - percent_left) * kDay;
    const TestChain chain =
        ca_.leaf({.names = {id}, .not_before = begin, .not_after = begin + 100 * kDay});
    acme::Bundle bundle;
    bundle.chain_pem = chain.chain;
    bundle.key_pem = chain.key;
    bundle.ca = "https://ca.test/dir";
    bundle.names = parse_identifiers({id});
    certificates_.add(*certificates_.lock(id, clock_.steady(), {}), id, bundle, "first issue",
                      now_);
  }
  void hook(const std::string& id, acme::HookRecord::State state) {
    acme::HookRecord record;
    record.command = "reload-nginx";
    record.state = state;
    record.why = "exit 1";
    record.output = "first line\nit is broken";
    record.tries = 2;
    record.at = now_ - 1min;
    record.next_try = now_ + 10min;
    certificates_.put_hook_records(id, certificates_.current(id)->number, {{}, {record}});
  }
  std::vector<Survey> all(const AskServed& ask = {}) {
    return survey_all(certificates_, {}, ask, now_);
  }
  Verdict verdict(const Thresholds& thresholds = {}, const AskServed& ask = {}) {
    return judge(all(ask), thresholds, now_);
  }
  std::string text() { return survey_text(all().front(), "/store", now_); }

  const WallTime now_ = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  ManualClock clock_{now_};
  acme::MemoryStore store_{clock_};
  acme::CertificateStore certificates_{store_};
  TestCa ca_;
};

TEST_F(SurveyTest, WhatWasRevokedIsNotFineUntilItIsReplaced) {
  issue("a.test", 90);
  acme::CertificateState state;
  note_revoked(state, {certificates_.current("a.test")->key->fingerprint()});
  certificates_.put_state("a.test", state);
  EXPECT_EQ(headline(all()), "1 of 1 needs you: a.test");
  EXPECT_EQ(verdict().alarm, Alarm::warning);
  EXPECT_NE(verdict().line.find("a.test is revoked and still in place"), std::string::npos);
  issue("a.test", 95);
  EXPECT_EQ(headline(all()), "a.test is fine");
  EXPECT_EQ(verdict().alarm, Alarm::ok);
}

TEST_F(SurveyTest, ProblemsComeFirstAndAreCounted) {
  issue("a.test", 90);
  issue("b.test", 90);
  issue("c.test", 90);
  EXPECT_EQ(headline(all()), "all 3 are fine");
  hook("c.test", acme::HookRecord::State::failed);
  std::vector<Survey> surveys = all();
  EXPECT_EQ(headline(surveys), "1 of 3 needs you: c.test");
  EXPECT_EQ(surveys.front().outlook.id, "c.test");
  wish("d.test");
  EXPECT_EQ(headline(all()), "2 of 4 need you: d.test, c.test");
  certificates_.put_hook_records("c.test", 1, {});
  hook("c.test", acme::HookRecord::State::pending);
  EXPECT_EQ(headline(all()), "1 of 4 needs you: d.test")
      << "what waits for another run is no problem";
}

TEST_F(SurveyTest, WhatIsServedIsComparedWithWhatTheStoreHas) {
  issue("a.test", 90);
  wish("b.test");
  const std::string right = certificates_.current("a.test")->key->fingerprint();
  EXPECT_EQ(all().front().served, Served::unknown) << "nobody serves";
  const auto served = [&](const std::optional<std::string>& fingerprint) {
    for (const Survey& survey : all([&](const std::string&) { return fingerprint; })) {
      if (survey.outlook.id == "a.test") return survey.served;
      EXPECT_EQ(survey.served, fingerprint ? Served::placeholder : Served::no_answer);
    }
    return Served::unknown;
  };
  EXPECT_EQ(served(right), Served::same);
  EXPECT_EQ(served("ff"), Served::other);
  EXPECT_EQ(served(std::nullopt), Served::no_answer);
}

TEST_F(SurveyTest, TellsHooksAndWhatTheLimitsStillAllow) {
  issue("a.test", 90, "letsencrypt");
  hook("a.test", acme::HookRecord::State::failed);
  acme::Ledger ledger(store_, "https://ca.test/dir");
  ledger.append({acme::LedgerEntry::Kind::certificate, now_ - 1h, "a.test", "ec256"});
  const std::string told = text();
  EXPECT_NE(told.find("deploy \"reload-nginx\" FAILED: exit 1 (try 2): it is broken; tried again "
                      "from "),
            std::string::npos)
      << told;
  EXPECT_NE(told.find("certificates for these names (ec256) in 24 hours: 1 of 2 left"),
            std::string::npos)
      << told;
  const Json object = survey_json(all().front(), "/store", now_);
  EXPECT_EQ(object["hooks"][0]["state"], "failed");
  EXPECT_EQ(object["limits"][0]["used"], 1);
  EXPECT_EQ(object["limits"][0]["most"], 2);
  EXPECT_EQ(object["needs_you"], true);
  EXPECT_EQ(object["served"]["state"], "unknown");
  EXPECT_EQ(object["environment"], "other");
}

TEST_F(SurveyTest, AnAttemptUnderWayIsSeenAndADeadOneIsNot) {
  issue("a.test", 20);
  acme::CertificateState state;
  state.last_attempt = now_ - 1min;
  certificates_.put_state("a.test", state);
  EXPECT_EQ(all().front().outlook.standing, Standing::renewing);
  EXPECT_EQ(headline(all()), "a.test is fine");
  state.last_attempt = now_ - 1h;  // it died: none lasts that long
  certificates_.put_state("a.test", state);
  EXPECT_EQ(all().front().outlook.standing, Standing::due);
  state.last_attempt = now_ - 1min;
  state.last_failure = acme::Failure{now_, "connection", "no", "x"};
  state.failures = 1;
  certificates_.put_state("a.test", state);
  EXPECT_EQ(all().front().outlook.standing, Standing::retrying);
}

TEST_F(SurveyTest, MonitoringGetsOneLineAndNagiosExitCodes) {
  EXPECT_EQ(verdict().alarm, Alarm::unknown);
  struct Case {
    int percent_left;
    Thresholds thresholds;
    Alarm alarm;
  };
  const Case table[] = {{90, {}, Alarm::ok},
                        {20, {}, Alarm::ok},
                        {19, {}, Alarm::warning},
                        {10, {}, Alarm::warning},
                        {9, {}, Alarm::critical},
                        {0, {}, Alarm::critical},
                        {90, {95, 10}, Alarm::warning},
                        {90, {95, 91}, Alarm::critical},
                        {0, {0, 0}, Alarm::critical}};
  for (const Case& one : table) {
    issue("a.test", one.percent_left);
    EXPECT_EQ(verdict(one.thresholds).alarm, one.alarm) << one.percent_left;
  }
  issue("a.test", 90);
  EXPECT_EQ(verdict().line,
            "OK - 1 certificate, 90 % of life left at least | "
            "least_life_left=90%;20:;10:;0;100");
  EXPECT_EQ(verdict({}, [](const std::string&) { return "ff"; }).alarm, Alarm::warning);
  hook("a.test", acme::HookRecord::State::failed);
  EXPECT_EQ(verdict().alarm, Alarm::warning);
  wish("b.test");
  EXPECT_EQ(verdict().alarm, Alarm::critical);
  EXPECT_TRUE(verdict().line.starts_with("CRITICAL - b.test has no certificate; a hook of a.test"))
      << verdict().line;
  EXPECT_EQ(verdict().line.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace autohttps::tools
