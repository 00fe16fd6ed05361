#include <autohttps/acme/management/large_store_looks.h>
#include <autohttps/common/error.h>
#include <autohttps/tests/support/certificate_store_fixture.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

class LargeStoreLooksTest : public CertificateStoreFixture {
 protected:
  LargeStoreLooksTest() {
    for (const char* id : {"a.test", "b.test", "c.test"}) put_spec(id, {id});
  }
  WallTime look(bool whole = false) {
    looked_.clear();
    attempted_.clear();
    return looks_.look(whole, {});
  }

  std::chrono::milliseconds work_{0};    // what a look takes
  std::map<std::string, WallTime> due_;  // those missing: in 30 days
  std::vector<std::string> looked_, attempted_;
  LargeStoreLooks looks_{certificates_, clock_,
                         [this](const std::string& id) -> std::optional<WallTime> {
                           looked_.push_back(id);
                           clock_.advance(work_);
                           const WallTime due =
                               due_.contains(id) ? due_[id] : clock_.wall() + days(30);
                           if (due <= clock_.wall()) return std::nullopt;
                           return due;
                         },
                         [this](const std::vector<std::string>& ids) {
                           for (const std::string& id : ids) {
                             attempted_.push_back(id);
                             due_[id] = clock_.wall() + days(60);
                             looks_.note(id, due_[id]);
                           }
                         }};
};

TEST_F(LargeStoreLooksTest, EachCertificateIsLookedAtOnceAndThenWhenItIsDue) {
  due_["b.test"] = clock_.wall() + minutes(10);
  EXPECT_EQ(look(), due_["b.test"]);
  EXPECT_EQ(looked_.size(), 3U);
  EXPECT_TRUE(attempted_.empty());
  clock_.advance(minutes(10));
  look();
  EXPECT_TRUE(looked_.empty());
  EXPECT_EQ(attempted_, std::vector<std::string>{"b.test"});
  look();
  EXPECT_TRUE(attempted_.empty());
}

TEST_F(LargeStoreLooksTest, ReadingRestsSeveralTimesAsLongAsItWorks) {
  for (int i = 0; i < 29; ++i) {
    const std::string name = "n" + std::to_string(i) + ".test";
    put_spec(name, {name});
  }
  work_ = std::chrono::milliseconds(10);  // a slow machine
  const SteadyTime before = clock_.steady();
  look();
  EXPECT_EQ(looked_.size(), 32U);
  EXPECT_GE(clock_.steady() - before, 6 * 32 * work_);
}

TEST_F(LargeStoreLooksTest, WhatOtherProcessesChangeIsSeenWithinTheHourAndAtOnceWhenWoken) {
  look();
  put_spec("b.test", {"b.test", "more.test"});
  put_spec("new.test", {"new.test"});
  look();
  EXPECT_TRUE(looked_.empty());
  look(true);
  EXPECT_EQ(looked_, (std::vector<std::string>{"b.test", "new.test"}));
  CertificateState state;
  state.failures = 1;
  certificates_.put_state("a.test", state);
  add(*lock_of("c.test"), "c.test");
  clock_.advance(hours(1));
  look();
  EXPECT_EQ(looked_, (std::vector<std::string>{"a.test", "c.test"}));
}

TEST_F(LargeStoreLooksTest, WhatCannotBeReadIsLeftToTheAttemptThatTells) {
  store_.put("certificates/b.test/spec.json", "damaged", Store::Survives::power_cut);
  look();
  EXPECT_EQ(attempted_, std::vector<std::string>{"b.test"});
}

TEST_F(LargeStoreLooksTest, WhatIsDeletedIsForgottenAndWhatHasNoWishIsNone) {
  due_["b.test"] = clock_.wall() + minutes(10);
  store_.put("certificates/half/state.json", "{}", Store::Survives::power_cut);
  look();
  EXPECT_EQ(looked_.size(), 3U);
  certificates_.remove(*lock_of("b.test"), "b.test");
  clock_.advance(hours(1));
  look();
  EXPECT_TRUE(attempted_.empty());
}

TEST_F(LargeStoreLooksTest, F37_AfterTheClockWasSetBackAllIsPlannedAnew) {
  look();
  clock_.jump_wall(-days(365));
  look();
  EXPECT_EQ(looked_.size(), 3U);
}

TEST_F(LargeStoreLooksTest, NamesThatACrashLeftOutOfTheIndexAreIndexed) {
  store_.remove("names/b.test");
  EXPECT_FALSE(certificates_.id_for_name("b.test"));
  look();
  EXPECT_EQ(certificates_.id_for_name("b.test"), "b.test");
}

}  // namespace
}  // namespace autohttps::acme
