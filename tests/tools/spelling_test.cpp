#include <autohttps/tools/autohttps/spelling.h>

#include <gtest/gtest.h>

namespace autohttps::tools {
namespace {

TEST(SpellingTest, FindsTheNearestWithinAFewSlips) {
  const std::vector<std::string> words = {"obtain", "renew", "serve", "status"};
  EXPECT_EQ(nearest("obtian", words), "obtain");
  EXPECT_EQ(nearest("renwe", words), "renew");
  EXPECT_EQ(nearest("serv", words), "serve");
  EXPECT_EQ(nearest("sstatus", words), "status");
}

TEST(SpellingTest, OffersNothingForSomethingElse) {
  const std::vector<std::string> words = {"obtain", "renew"};
  EXPECT_FALSE(nearest("install", words));
  EXPECT_FALSE(nearest("", words));
  EXPECT_FALSE(nearest(std::string(5000, 'a'), words));
  EXPECT_FALSE(nearest("obtain", {}));
}

}  // namespace
}  // namespace autohttps::tools
