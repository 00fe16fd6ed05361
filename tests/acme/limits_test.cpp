#include <autohttps/acme/management/limits.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <chrono>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Spend = Budget::Spend;

const std::string kCa = "https://ca.test/directory";

class LimitsTest : public testing::Test {
 protected:
  std::optional<Error> spend(Spend kind, const std::vector<std::string>& names = {"a.test"},
                             KeyType key_type = KeyType::ec256) {
    Ledger ledger(store_, kCa);
    LedgerBudget budget(limits_, ledger, clock_, key_type);
    const auto identifiers = names.empty() ? std::vector<Identifier>{} : parse_identifiers(names);
    return thrown_error([&] { budget.spend(kind, identifiers, {}); });
  }

  ManualClock clock_;
  MemoryStore store_{clock_};
  Limits limits_ = Limits::preset("letsencrypt");
};

TEST_F(LimitsTest, PresetsAreKnownByNameAndOthersListed) {
  for (const char* name : {"letsencrypt", "letsencrypt-staging", "conservative", "none"}) {
    EXPECT_EQ(Limits::preset(name).name, name);
  }
  const auto error = thrown_error([] { Limits::preset("generous"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_NE(error->hint().find("letsencrypt-staging"), std::string::npos);
}

TEST_F(LimitsTest, OneAccountADay) {
  EXPECT_FALSE(spend(Spend::new_account, {}));
  const auto error = spend(Spend::new_account, {});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::rate_limited);
  EXPECT_EQ(error->retry_at(), clock_.wall() + days(1));
  clock_.advance(days(1));
  EXPECT_FALSE(spend(Spend::new_account, {}));
}

TEST_F(LimitsTest, TwoCertificatesADayForTheExactSetAndKeyType) {
  EXPECT_FALSE(spend(Spend::certificate, {"a.test", "b.test"}));
  EXPECT_FALSE(spend(Spend::certificate, {"b.test", "a.test"}));
  const auto error = spend(Spend::certificate, {"a.test", "b.test"});
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("2 certificates a day for a.test,b.test (ec256)"),
            std::string::npos)
      << error->what();
  EXPECT_FALSE(spend(Spend::certificate, {"a.test", "b.test"}, KeyType::rsa2048));
  EXPECT_FALSE(spend(Spend::certificate, {"a.test"}));
}

TEST_F(LimitsTest, NoOrderIsBegunForACertificateThatIsUsedUp) {
  EXPECT_FALSE(spend(Spend::certificate));
  EXPECT_FALSE(spend(Spend::certificate));
  EXPECT_TRUE(spend(Spend::new_order));
  EXPECT_FALSE(spend(Spend::new_order, {"b.test"}));
}

// RFC 9773, RELIABILITY I4 and F41: beyond those of a day, and yet not without end.
TEST_F(LimitsTest, AcceptedReplacementsAreBeyondTheCertificatesOfADay) {
  EXPECT_FALSE(spend(Spend::certificate));
  EXPECT_FALSE(spend(Spend::certificate));
  EXPECT_TRUE(spend(Spend::new_order));
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(spend(Spend::replacing_order));
    EXPECT_FALSE(spend(Spend::replacing_certificate));
  }
  const auto error = spend(Spend::replacing_order);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::rate_limited);
  EXPECT_FALSE(spend(Spend::replacing_order, {"a.test"}, KeyType::rsa2048));
  clock_.advance(days(1));
  EXPECT_FALSE(spend(Spend::replacing_order));
}

TEST_F(LimitsTest, FourFailedValidationsOnTheFirstDayThenOneADay) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(spend(Spend::new_order)) << i;
    EXPECT_FALSE(spend(Spend::failed_validation)) << i;
    clock_.advance(minutes(10));
  }
  auto error = spend(Spend::new_order);
  ASSERT_TRUE(error);
  EXPECT_FALSE(spend(Spend::new_order, {"other.test"})) << "others are not concerned";
  for (int day = 0; day < 30; ++day) {
    ASSERT_TRUE(error->retry_at());
    clock_.set_wall(*error->retry_at());
    EXPECT_FALSE(spend(Spend::new_order)) << "what retry_at() promises holds";
    EXPECT_FALSE(spend(Spend::failed_validation));
    error = spend(Spend::new_order);
    ASSERT_TRUE(error) << day;
    EXPECT_EQ(error->retry_at(), clock_.wall() + days(1));
  }
}

TEST_F(LimitsTest, ASuccessEndsTheStreakOfFailures) {
  for (int i = 0; i < 4; ++i) spend(Spend::failed_validation);
  EXPECT_TRUE(spend(Spend::new_order));
  clock_.advance(seconds(1));
  EXPECT_FALSE(spend(Spend::certificate));
  clock_.advance(seconds(1));
  EXPECT_FALSE(spend(Spend::new_order));
}

TEST_F(LimitsTest, AFailedValidationIsAFactAndNeverRefused) {
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(spend(Spend::failed_validation));
}

TEST_F(LimitsTest, OrdersAreCountedOverThreeHoursForAllNames) {
  limits_.orders_per_three_hours = 3;
  for (const char* name : {"a.test", "b.test", "c.test"}) {
    EXPECT_FALSE(spend(Spend::new_order, {name}));
    clock_.advance(minutes(30));
  }
  const auto error = spend(Spend::new_order, {"d.test"});
  ASSERT_TRUE(error);
  EXPECT_EQ(*error->retry_at(), clock_.wall() + minutes(90));
  clock_.set_wall(*error->retry_at());
  EXPECT_FALSE(spend(Spend::new_order, {"d.test"}));
}

TEST_F(LimitsTest, NoLimitsLeaveTheDiskInPeace) {
  limits_ = Limits::preset("none");
  for (int i = 0; i < 500; ++i) {
    EXPECT_FALSE(spend(Spend::new_order));
    EXPECT_FALSE(spend(Spend::certificate));
    EXPECT_FALSE(spend(Spend::failed_validation));
  }
  EXPECT_EQ(store_.changes(), 0);
}

TEST_F(LimitsTest, SurvivesARestart) {
  spend(Spend::new_account, {});
  store_.disk()->restart(MemoryDisk::Loses::unsynced);
  EXPECT_TRUE(spend(Spend::new_account, {}));
}

TEST_F(LimitsTest, AnUnreadableLedgerIsABudgetUsedUpForADayAndNotForEver) {
  spend(Spend::new_order);
  const std::string key = "ledger/" + store_.list("ledger").front();
  store_.disk()->write(key, "\x01 not json\n");
  const auto error = spend(Spend::new_order, {"b.test"});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::rate_limited);
  clock_.advance(hours(23));
  EXPECT_TRUE(spend(Spend::new_account, {}));
  clock_.advance(hours(1));
  EXPECT_FALSE(spend(Spend::new_order, {"b.test"}));
}

TEST_F(LimitsTest, ALedgerThatCannotBeWrittenRefuses) {
  store_.fail_from_to(1, 1000);
  const auto error = spend(Spend::new_order);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::storage);
}

TEST_F(LimitsTest, EntriesOfAClockThatWasYearsAheadDoNotCountForYears) {
  clock_.jump_wall(days(3650));
  spend(Spend::new_account, {});
  clock_.jump_wall(-days(3650));
  EXPECT_FALSE(spend(Spend::new_account, {}));
  EXPECT_TRUE(spend(Spend::new_account, {}));
}

TEST_F(LimitsTest, OldEntriesArePrunedInTheEnd) {
  limits_ = Limits::preset("letsencrypt-staging");
  for (int i = 0; i < 600; ++i) {
    Ledger(store_, kCa).append({LedgerEntry::Kind::new_order, clock_.wall(), "a.test", "ec256"});
  }
  clock_.advance(days(9));
  spend(Spend::new_order);
  EXPECT_LE(Ledger(store_, kCa).since(WallTime{}).size(), 2u);
}

TEST(AllowancesTest, CountWhatIsUsedOfEachLimitThereIs) {
  const WallTime now{std::chrono::seconds(1'800'000'000)};
  using Kind = LedgerEntry::Kind;
  const std::vector<LedgerEntry> entries = {
      {Kind::certificate, now - std::chrono::hours(1), "a.test", "ec256"},
      {Kind::certificate, now - std::chrono::hours(25), "a.test", "ec256"},   // too long ago
      {Kind::certificate, now - std::chrono::hours(1), "a.test", "rsa2048"},  // another key type
      {Kind::certificate, now - std::chrono::hours(1), "b.test", "ec256"},    // another set
      {Kind::new_order, now - std::chrono::hours(2), "a.test", "ec256"},
      {Kind::new_order, now - std::chrono::hours(2), "b.test", "ec256"},
      {Kind::new_order, now - std::chrono::hours(4), "b.test", "ec256"},
      {Kind::new_account, now - std::chrono::hours(4), "", ""}};
  const auto all = allowances(Limits::preset("letsencrypt"), entries, "a.test", "ec256", now);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].what, "certificates for these names (ec256) in 24 hours");
  EXPECT_EQ(all[0].used, 1);
  EXPECT_EQ(all[0].most, 2);
  EXPECT_EQ(all[1].used, 0);
  EXPECT_EQ(all[2].used, 2);
  EXPECT_EQ(all[2].most, 300);
  EXPECT_EQ(all[3].used, 1);
  EXPECT_TRUE(allowances(Limits::preset("none"), entries, "a.test", "ec256", now).empty());
}

}  // namespace
}  // namespace autohttps::acme
