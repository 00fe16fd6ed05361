#include <autohttps/acme/challenges/dns_persist01.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/scripted_dns.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

constexpr const char* kAccount = "https://ca.test/acct/1";
const WallTime kNow{std::chrono::seconds(1'800'000'000)};

PersistDemand demand(const char* name = "a.test") {
  return persist_demand(Identifier::parse(name), {"ca.test", "ca.other.test"}, kAccount);
}

TEST(DnsPersistTest, ThePrintedRecordIsTheDrafts) {
  EXPECT_EQ(demand().name, "_validation-persist.a.test");
  EXPECT_EQ(persist_value(demand()), "ca.test; accounturi=https://ca.test/acct/1");
  // The base name's label, whatever others do for wildcards (acme.sh 7191).
  EXPECT_EQ(demand("*.a.test").name, "_validation-persist.a.test");
  EXPECT_EQ(persist_zone_line(demand("*.a.test")),
            "_validation-persist.a.test. IN TXT \"ca.test; accounturi=https://ca.test/acct/1; "
            "policy=wildcard\"");
  PersistDemand longer = demand();
  longer.account_uri = "https://ca.test/" + std::string(300, 'x');
  EXPECT_EQ(persist_zone_line(longer).substr(36 + 252, 6), "xxx\" \"");
}

TEST(DnsPersistTest, WhatCannotStandInARecordIsNotPrinted) {
  for (const char* account : {"", "https://ca.test/a b", "https://ca.test/;x", "x\"y", "x\\y"}) {
    PersistDemand odd = demand();
    odd.account_uri = account;
    EXPECT_EQ(thrown_error([&] { persist_value(odd); }).value().code(), ErrorCode::protocol);
  }
  PersistDemand nobody = demand();
  nobody.issuers.clear();
  EXPECT_TRUE(thrown_error([&] { persist_value(nobody); }));
}

TEST(DnsPersistTest, JudgesRecordsAsACaDoes) {
  struct Row {
    const char* name;
    const char* record;
    const char* why;  // null: good
  };
  const Row table[] = {
      {"a.test", "ca.test; accounturi=https://ca.test/acct/1", nullptr},
      {"a.test", "ca.other.test;accounturi=https://ca.test/acct/1", nullptr},
      {"a.test", "  ca.test ;\taccounturi = https://ca.test/acct/1 ; unknown=tag", nullptr},
      {"a.test", "ca.test; ACCOUNTURI=https://ca.test/acct/1; Policy=WILDCARD", nullptr},
      {"*.a.test", "ca.test; accounturi=https://ca.test/acct/1; policy=Wildcard", nullptr},
      {"a.test", "ca.test; accounturi=https://ca.test/acct/1; policy=other", nullptr},
      {"a.test", "ca.test; accounturi=https://ca.test/acct/1; persistUntil=1800000000", nullptr},
      {"*.a.test", "ca.test; accounturi=https://ca.test/acct/1", "lacks policy=wildcard"},
      {"a.test", "ca.test; accounturi=https://ca.test/acct/2", "of the account"},
      {"a.test", "ca.test", "names no account"},
      {"a.test", "ca.test; accounturi=https://ca.test/acct/1; persistUntil=1799999999", "passed"},
      {"a.test", "ca.test; accounturi=https://ca.test/acct/1; persistUntil=soon", "persistUntil"},
      {"a.test", "ca.test; accounturi=https://ca.test/acct/1; persistUntil=99999999999999",
       "persistUntil"},
      {"a.test", "ca.test; accounturi=https://ca.test/acct/1;", "TAG=VALUE"},
      {"a.test", "ca.test; accounturi=https://ca.test/acct/1; accounturi=x", "there twice"},
      {"a.test", "elsewhere.test; accounturi=https://ca.test/acct/1", "none of the 1"},
      {"a.test", "", "none of the 1"},
  };
  for (const Row& row : table) {
    const PersistVerdict verdict = judge_persist(demand(row.name), {row.record}, kNow);
    EXPECT_EQ(verdict.good, row.why == nullptr) << row.record << ": " << verdict.why;
    if (row.why != nullptr) {
      EXPECT_NE(verdict.why.find(row.why), std::string::npos) << row.record << ": " << verdict.why;
    }
  }
  EXPECT_EQ(judge_persist(demand(), {}, kNow).why, "no TXT record is there");
}

TEST(DnsPersistTest, TheBestOfSeveralRecordsCounts) {
  const std::string good = persist_value(demand());
  const PersistVerdict verdict =
      judge_persist(demand(),
                    {"spf", "ca.test; accounturi=x", good + "; persistUntil=1800000100",
                     good + "; persistUntil=1800000200"},
                    kNow);
  EXPECT_TRUE(verdict.good);
  EXPECT_EQ(verdict.why, "");
  EXPECT_EQ(verdict.until, kNow + std::chrono::seconds(200));
  EXPECT_FALSE(judge_persist(demand(), {good + "; persistUntil=1800000100", good}, kNow).until);
}

class DnsPersist01Test : public testing::Test {
 protected:
  DnsPersist01Test() { dns_.zone("192.0.2.53", "a.test", {{"192.0.2.1"}}); }
  void present(const char* name = "a.test") {
    ChallengeContext context{Identifier::parse(name), {}, {}, {"ca.test"}, kAccount};
    solver_.present(context, {});
  }
  void set(const std::string& record) {
    dns_.set("192.0.2.1", "_validation-persist.a.test", DnsType::txt, {record});
  }

  ManualClock clock_;
  ScriptedDns dns_{clock_};
  std::vector<Event> events_;
  DnsPersist01 solver_{"a.test", {{"192.0.2.53"}}, dns_, clock_, [this](const Event& event) {
                         events_.push_back(event);
                       }};
};

TEST_F(DnsPersist01Test, GoesOnWhenTheRecordIsThere) {
  set("ca.test; accounturi=https://ca.test/acct/1");
  present();
  EXPECT_TRUE(events_.empty());
  EXPECT_TRUE(solver_.obstacle(Identifier::parse("192.0.2.1")));
}

TEST_F(DnsPersist01Test, SaysWhichRecordToSetWhenItIsNot) {
  const auto error = thrown_error([&] { present("*.a.test"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::validation);
  EXPECT_NE(std::string(error->what()).find("no TXT record is there"), std::string::npos);
  EXPECT_NE(error->hint().find("_validation-persist.a.test. IN TXT \"ca.test; "
                               "accounturi=https://ca.test/acct/1; policy=wildcard\""),
            std::string::npos)
      << error->hint();
}

TEST_F(DnsPersist01Test, WarnsOfARecordThatEndsSoon) {
  const auto until = [&](std::chrono::hours from_now) {
    set("ca.test; accounturi=https://ca.test/acct/1; persistUntil=" +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                           (clock_.wall() + from_now).time_since_epoch())
                           .count()));
    events_.clear();
    present();
  };
  until(std::chrono::hours(31 * 24));
  EXPECT_TRUE(events_.empty());
  until(std::chrono::hours(29 * 24));
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_.front().level, Event::Level::warning);
}

}  // namespace
}  // namespace autohttps::acme
