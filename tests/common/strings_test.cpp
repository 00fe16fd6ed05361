#include <autohttps/common/strings.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

TEST(StringsTest, LowersAsciiOnly) {
  EXPECT_EQ(to_lower("ExAmPle.COM-09_[]@Z"), "example.com-09_[]@z");
  EXPECT_EQ(to_lower("\xc3\x84"), "\xc3\x84");
}

TEST(StringsTest, TrimsSpacesAndTabs) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\na\r"), "\na\r");
}

TEST(StringsTest, ComparesIgnoringCase) {
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_TRUE(equals_ignoring_case("Retry-After", "retry-AFTER"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("ab", "a"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));  // bit 5 apart, as letters are
}

TEST(StringsTest, SplitsAndKeepsEmptyParts) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(split("a.b.c", '.'), (Parts{"a", "b", "c"}));
  EXPECT_EQ(split("", '.'), (Parts{""}));
  EXPECT_EQ(split(".a.", '.'), (Parts{"", "a", ""}));
}

TEST(StringsTest, PrintableLeavesTextAlone) {
  for (const char* text : {"", "plain", "a \"b\" \\x1b", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(F22_HostileText, IsEscaped) {
  const std::pair<std::string, std::string> table[] = {
      {"\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"},
      {"a\nb\r\tc", "a\\x0ab\\x0d\\x09c"},
      {std::string("a\0b", 3), "a\\x00b"},
      {"\x7f", "\\x7f"},
      {"\xc2\x9b"
       "2J",
       "\\xc2\\x9b"
       "2J"},  // CSI as one C1 character
      {"\xe2\x80\xae"
       "txt",
       "\\xe2\\x80\\xae"
       "txt"},                                                           // right-to-left override
      {"\xe2\x81\xa6x\xe2\x81\xa9", "\\xe2\\x81\\xa6x\\xe2\\x81\\xa9"},  // isolates
      {"\xe2\x80\x8f", "\\xe2\\x80\\x8f"},                               // right-to-left mark
      {"\xd8\x9c", "\\xd8\\x9c"},                                        // Arabic letter mark
      {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},                               // line separator
      {"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},                               // byte order mark
      {"\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81"},  // a tag character: not to be seen
      {"\xff\xfe", "\\xff\\xfe"},
      {"\x80", "\\x80"},
      {"\xc3", "\\xc3"},  // cut short
      {"\xe2\x82", "\\xe2\\x82"},
      {"\xc3(", "\\xc3("},
      {"\xc0\xaf", "\\xc0\\xaf"},  // overlong /
      {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
      {"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond U+10FFFF
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"}};
  for (const auto& [text, shown] : table) EXPECT_EQ(printable(text), shown);
}

TEST(F22_HostileText, IsCutBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(printable("ab\xe2\x82\xac", 4), "ab...");
  EXPECT_EQ(printable("ab\x1b", 5), "ab...");
  EXPECT_EQ(printable(std::string(1 << 20, 'x')).size(), 1003U);
  EXPECT_EQ(printable(std::string(1 << 20, '\x1b')).size(), 1003U);
}

TEST(F22_HostileText, NeverKeepsAControlByte) {
  for (int lead = 0; lead < 256; ++lead) {
    for (int next = 0; next < 256; ++next) {
      const std::string text = {static_cast<char>(lead), static_cast<char>(next)};
      for (const char c : printable(text)) {
        EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7f) << lead << " " << next;
      }
    }
  }
}

}  // namespace
}  // namespace autohttps
