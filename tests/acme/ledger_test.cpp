#include <autohttps/acme/store/account_store.h>
#include <autohttps/acme/store/ledger.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace autohttps::acme {
namespace {

using Kind = LedgerEntry::Kind;
using std::chrono::hours;
constexpr const char* kDirectory = "https://acme.test/dir";

class LedgerTest : public testing::Test {
 protected:
  std::size_t count(WallTime from = {}) const { return ledger_.since(from).size(); }

  ManualClock clock_;
  WallTime now_ = clock_.wall();
  MemoryStore store_{clock_};
  Ledger ledger_{store_, kDirectory};
  std::string key_ = "ledger/" + ca_folder(kDirectory) + ".jsonl";
};
using F33_Ledger = LedgerTest;
using F29_Ledger = LedgerTest;

TEST_F(LedgerTest, ReadsWhatWasAppended) {
  EXPECT_EQ(count(), 0U);
  ledger_.append({Kind::new_account, now_ - hours(2), "", ""});
  ledger_.append({Kind::failed_validation, now_ - hours(1), "a.test,b.test", "ec256"});
  ledger_.append({Kind::certificate, now_, "a.test", "rsa2048"});
  const auto entries = ledger_.since(now_ - hours(1));
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].kind, Kind::failed_validation);
  EXPECT_EQ(entries[0].at, now_ - hours(1));
  EXPECT_EQ(entries[0].names, "a.test,b.test");
  EXPECT_EQ(entries[0].key_type, "ec256");
  EXPECT_EQ(entries[1].kind, Kind::certificate);
}

TEST_F(LedgerTest, EachCaHasItsOwn) {
  ledger_.append({Kind::new_order, now_, "a.test", "ec256"});
  EXPECT_TRUE(Ledger(store_, "https://other.test/dir").since({}).empty());
}

TEST_F(LedgerTest, AnExactSetKnowsNoOrder) {
  EXPECT_EQ(exact_set(parse_identifiers({"b.test", "a.test", "192.0.2.1"})),
            exact_set(parse_identifiers({"192.0.2.1", "a.test", "b.test"})));
  EXPECT_EQ(exact_set(parse_identifiers({"b.test", "*.a.test"})), "*.a.test,b.test");
  EXPECT_EQ(exact_set({}), "");
}

TEST_F(LedgerTest, PruningDropsTheOldAndKeepsWhatItDoesNotKnow) {
  ledger_.append({Kind::new_order, now_ - hours(200), "old.test", "ec256"});
  store_.append(key_, R"({"kind": "from a later version", "at": "2020-01-01T00:00:00Z"})");
  ledger_.append({Kind::new_order, now_, "new.test", "ec256"});
  EXPECT_EQ(count(), 2U);
  ledger_.prune(now_ - hours(168));
  ASSERT_EQ(count(), 1U);
  EXPECT_EQ(ledger_.since({})[0].names, "new.test");
  EXPECT_NE(store_.get(key_)->find("from a later version"), std::string::npos);
  const int changes = store_.changes();
  ledger_.prune(now_ - hours(168));
  EXPECT_EQ(store_.changes(), changes) << "nothing to drop is nothing to write";
}

TEST_F(LedgerTest, ItsLockExcludes) {
  const auto lock = ledger_.lock(clock_.steady(), {});
  EXPECT_THROW(ledger_.lock(clock_.steady(), {}), Error);
}

TEST_F(F33_Ledger, ATornLastLineDoesNotExist) {
  ledger_.append({Kind::new_order, now_, "a.test", "ec256"});
  const std::string whole = *store_.get(key_);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    store_.disk()->write(key_, whole + whole.substr(0, size));
    EXPECT_EQ(count(), 1U) << size;
  }
  store_.disk()->write(key_, whole + whole.substr(0, 20));
  ledger_.append({Kind::certificate, now_, "a.test", "ec256"});
  EXPECT_EQ(count(), 2U);
}

TEST_F(F33_Ledger, DamageIsAnErrorAndNotAnEmptyLedger) {
  ledger_.append({Kind::new_order, now_, "a.test", "ec256"});
  const std::string line = *store_.get(key_);
  for (const std::string& text : {std::string("\n"), std::string("{}\n"), std::string("null\n"),
                                  std::string(64, '\0') + "\n", line.substr(1), "[" + line}) {
    store_.disk()->write(key_, line + text);
    try {
      ledger_.since({});
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::storage) << text;
    }
  }
}

TEST_F(F33_Ledger, FlippedBitsNeverCrash) {
  ledger_.append({Kind::new_order, now_, "a.test", "ec256"});
  const std::string text = *store_.get(key_);
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int bit : {0x01, 0x10, 0x80}) {
      std::string flipped = text;
      flipped[at] = static_cast<char>(flipped[at] ^ bit);
      store_.disk()->write(key_, flipped);
      try {
        ledger_.since({});
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::storage);
      }
    }
  }
}

TEST_F(F33_Ledger, SetAsideItGoesOnWithANoteOfWhen) {
  store_.disk()->write(key_, "garbage\n");
  ledger_.set_aside(now_);
  const auto entries = ledger_.since({});
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].kind, Kind::unreadable);
  EXPECT_EQ(entries[0].at, now_);
  const auto aside = store_.list("quarantine");
  ASSERT_EQ(aside.size(), 1U);
  EXPECT_EQ(store_.get("quarantine/" + aside[0] + "/" + key_), "garbage\n");
}

TEST_F(F29_Ledger, EveryEntrySurvivesAPowerCut) {
  ledger_.append({Kind::new_order, now_, "a.test", "ec256"});
  store_.disk()->restart(MemoryDisk::Loses::contents);
  EXPECT_EQ(count(), 1U);
}

}  // namespace
}  // namespace autohttps::acme
