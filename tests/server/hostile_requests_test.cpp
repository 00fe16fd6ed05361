#include <autohttps/tests/support/hostile_requests.h>

#include "framed_connection.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace autohttps {
namespace {

std::string words_for(const FramedConnection& connection) {
  std::string words;
  for (const HostileAnswer& answer : connection.answers) {
    words += std::to_string(answer.status) + " \"" + answer.body.value_or("") + "\" ";
  }
  return words + (connection.ended ? "end" : "open");
}

TEST(HostileRequestsTest, AreManyAndEachHasAName) {
  std::set<std::string> names;
  for (const HostileRequest& row : hostile_requests()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  }
  EXPECT_GE(names.size(), 150);
}

TEST(HostileRequestsTest, AreAnsweredAsTheTableSays) {
  for (const HostileRequest& row : hostile_requests()) {
    FramedConnection connection;
    connection.feed(row.raw);
    ASSERT_EQ(connection.answers.size(), row.answers.size())
        << row.name << ": " << words_for(connection);
    for (std::size_t i = 0; i < row.answers.size(); ++i) {
      EXPECT_EQ(connection.answers[i].status, row.answers[i].status) << row.name;
      if (row.answers[i].body) {
        EXPECT_EQ(connection.answers[i].body, row.answers[i].body) << row.name;
      }
    }
    EXPECT_EQ(connection.ended, row.ends) << row.name;
  }
}

// Cut once, everywhere; through the long ones in steps that meet every place in a machine word.
std::size_t step_through(std::string_view raw) {
  constexpr std::size_t kLong = 4096;
  return raw.size() < kLong ? 1 : 61;
}

TEST(HostileRequestsTest, AreAnsweredTheSameHoweverTheBytesCome) {
  for (const HostileRequest& row : hostile_requests()) {
    const std::string_view raw = row.raw;
    FramedConnection whole;
    whole.feed(raw);
    const std::string expected = words_for(whole);
    FramedConnection dripping;
    for (std::size_t i = 0; i < raw.size() && !dripping.ended; ++i) dripping.feed(raw.substr(i, 1));
    EXPECT_EQ(words_for(dripping), expected) << row.name << ", byte by byte";
    for (std::size_t i = 1; i < raw.size(); i += step_through(raw)) {
      FramedConnection halves;
      halves.feed(raw.substr(0, i));
      if (halves.ended) break;  // what follows is not looked at
      halves.feed(raw.substr(i));
      ASSERT_EQ(words_for(halves), expected) << row.name << ", cut at " << i;
    }
  }
}

}  // namespace
}  // namespace autohttps
