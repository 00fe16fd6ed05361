#include <autohttps/acme/challenges/published_http01.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

const std::string kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";

class PublishedHttp01Test : public testing::Test {
 protected:
  ManualClock clock_;
  MemoryStore store_{clock_};
  PublishedAnswers answers_{store_, clock_};
  AnsweringWays ways_;
  PublishedHttp01 solver_{answers_, ways_};
};

TEST_F(PublishedHttp01Test, TheAnswerIsUpWhilePresentedForEveryProcessOfTheStore) {
  const auto presentation =
      solver_.present({Identifier::parse("a.test"), kToken, kToken + ".thumb"}, {});
  MemoryStore other_process(store_.disk(), clock_);
  EXPECT_EQ(PublishedAnswers(other_process, clock_).key_authorization(kToken), kToken + ".thumb");
}

TEST_F(PublishedHttp01Test, NothingIsLeftAfterwards) {
  solver_.present({Identifier::parse("a.test"), kToken, "answer"}, {}).reset();
  EXPECT_FALSE(answers_.key_authorization(kToken));
  EXPECT_TRUE(store_.disk()->keys().empty());
}

TEST_F(PublishedHttp01Test, WildcardsAreAnObstacle) {
  EXPECT_FALSE(solver_.obstacle(Identifier::parse("a.test")));
  EXPECT_FALSE(solver_.obstacle(Identifier::parse("192.0.2.7")));
  EXPECT_TRUE(solver_.obstacle(Identifier::parse("*.a.test")));
  EXPECT_EQ(solver_.type(), "http-01");
}

TEST_F(PublishedHttp01Test, WhatTheListenersSayIsAnObstacle) {
  ways_.close("http-01", "port 80 is held by nginx");
  EXPECT_EQ(solver_.obstacle(Identifier::parse("a.test")), "port 80 is held by nginx");
  ways_.open("http-01");
  EXPECT_FALSE(solver_.obstacle(Identifier::parse("a.test")));
}

TEST_F(PublishedHttp01Test, F21_AHostileTokenIsNeverWritten) {
  for (const char* token : {"../../x/y/z/a/b/c/d", "", "short", "with/a/slash/in/it/long"}) {
    EXPECT_TRUE(thrown_error([&] {
      solver_.present({Identifier::parse("a.test"), token, "answer"}, {});
    })) << token;
  }
  EXPECT_TRUE(store_.disk()->keys().empty());
}

}  // namespace
}  // namespace autohttps::acme
