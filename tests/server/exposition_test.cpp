#include <autohttps/server/auto_https/exposition.h>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace autohttps {
namespace {

TEST(ExpositionTest, AFamilyHasItsHelpAndTypeBeforeItsSamples) {
  Exposition text;
  text.family("a_total", Exposition::Type::counter, "Things.");
  text.sample({}, std::uint64_t{7});
  text.sample({{"x", "1"}, {"y", "2"}}, std::uint64_t{18'446'744'073'709'551'615U});
  text.family("b", Exposition::Type::gauge, "Others.");
  text.sample({}, 0.25);
  EXPECT_EQ(std::move(text).take(),
            "# HELP a_total Things.\n# TYPE a_total counter\na_total 7\n"
            "a_total{x=\"1\",y=\"2\"} 18446744073709551615\n"
            "# HELP b Others.\n# TYPE b gauge\nb 0.25\n");
}

// The format's own rules (backslash, quotation mark, line feed), and a terminal's sake.
TEST(ExpositionTest, WhatALabelSaysStaysInIt) {
  struct {
    const char* value;
    const char* written;
  } const table[] = {
      {"a\"} 1\n", "a\\\"} 1\\\\x0a"}, {"a\\b", "a\\\\b"},  {"\x1b[2J", "\\\\x1b[2J"},
      {"\xc3\xa9", "\xc3\xa9"},        {"\xff", "\\\\xff"}, {"", ""},
  };
  for (const auto& [value, written] : table) {
    Exposition text;
    text.family("a", Exposition::Type::gauge, "A.");
    text.sample({{"x", value}}, std::uint64_t{1});
    EXPECT_TRUE(std::move(text).take().ends_with(std::string("\na{x=\"") + written + "\"} 1\n"))
        << value;
  }
}

// Whole seconds of our century need ten digits, and no exponent of floats' own liking.
TEST(ExpositionTest, TimesAreExact) {
  Exposition text;
  text.family("a", Exposition::Type::gauge, "A.");
  text.sample({}, 1'795'755'845.0);
  EXPECT_TRUE(std::move(text).take().ends_with("\na 1795755845\n"));
}

}  // namespace
}  // namespace autohttps
