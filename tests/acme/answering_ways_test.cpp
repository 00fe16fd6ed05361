#include <autohttps/acme/challenges/answering_ways.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

TEST(AnsweringWaysTest, NobodyAnswersOnTheHttpsPortUntilSomebodySaysSo) {
  AnsweringWays ways;
  EXPECT_FALSE(ways.obstacle("http-01"));
  EXPECT_TRUE(ways.obstacle("tls-alpn-01"));
  ways.open("tls-alpn-01");
  EXPECT_FALSE(ways.obstacle("tls-alpn-01"));
}

TEST(AnsweringWaysTest, TheLastWordCounts) {
  AnsweringWays ways;
  ways.close("http-01", "port 80 is held by nginx");
  ways.close("http-01", "port 80 is held by apache2");
  EXPECT_EQ(ways.obstacle("http-01"), "port 80 is held by apache2");
  ways.open("http-01");
  EXPECT_FALSE(ways.obstacle("http-01"));
}

}  // namespace
}  // namespace autohttps::acme
