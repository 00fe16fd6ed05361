#include <autohttps/common/identifier.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps {
namespace {

using Type = Identifier::Type;

std::string repeated(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

TEST(IdentifierTest, GivesNamesTheirCanonicalSpelling) {
  const std::string label(63, 'a');
  const std::pair<std::string, std::string> table[] = {
      {"example.com", "example.com"},
      {"WWW.Example.COM", "www.example.com"},
      {"example.com.", "example.com"},
      {"*.Example.com", "*.example.com"},
      {"*.example.com.", "*.example.com"},
      {"xn--bcher-kva.example", "xn--bcher-kva.example"},
      {"1.example.com", "1.example.com"},
      {"1.2.3.4.example", "1.2.3.4.example"},
      {"a.b.c.d.e.f.test", "a.b.c.d.e.f.test"},
      {"a--b.test", "a--b.test"},
      {"3com.1x", "3com.1x"},
      {label + ".test", label + ".test"},
      {repeated("a.", 124) + "abcde", repeated("a.", 124) + "abcde"}};  // 253 characters
  for (const auto& [text, value] : table) {
    const Identifier identifier = Identifier::parse(text);
    EXPECT_EQ(identifier.type, Type::dns) << text;
    EXPECT_EQ(identifier.value, value);
  }
  EXPECT_TRUE(Identifier::parse("*.a.test").is_wildcard());
  EXPECT_FALSE(Identifier::parse("a.test").is_wildcard());
}

TEST(IdentifierTest, GivesAddressesTheirCanonicalSpelling) {
  const std::pair<std::string, std::string> table[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      // RFC 5952 1, 4: all the same address
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // 4.2.2: one field is not shortened
      {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:0AaA", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaa"},
      {"::1", "::1"},
      {"::", "::"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
      {"::FFFF:c000:201", "::ffff:192.0.2.1"}};
  for (const auto& [text, value] : table) {
    const Identifier identifier = Identifier::parse(text);
    EXPECT_EQ(identifier.type, Type::ip) << text;
    EXPECT_EQ(identifier.value, value);
    EXPECT_EQ(Identifier::parse(value), identifier);
  }
}

struct Bad {
  std::string text;
  const char* cause;  // a part of the message
  const char* hint;   // a part of the hint
};

TEST(IdentifierTest, SaysWhatIsWrongAndWhatWouldBeRight) {
  const Bad table[] = {
      {"", "is empty", ""},
      {"b\xc3\xbc"
       "cher.example",
       "is not ASCII", "xn--"},
      {"\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "is not ASCII", "xn--"},
      {"https://example.com/", "is a URL", "try \"example.com\""},
      {"http://example.com:8080/a?b", "is a URL", "try \"example.com\""},
      {"://", "is a URL", ""},
      {"example.com/path", "has a path", "try \"example.com\""},
      {"10.0.0.0/8", "has a path", "try \"10.0.0.0\""},
      {"me@example.com", "is an e-mail address", "try \"example.com\""},
      {"a.test,b.test", "more than one word", "spaces"},
      {"a.test b.test", "more than one word", "spaces"},
      {"example.com:443", "has a port", "try \"example.com\""},
      {"192.0.2.1:443", "has a port", "try \"192.0.2.1\""},
      {"[2001:db8::1]", "has brackets", "try \"2001:db8::1\""},
      {"[2001:db8::1]:443", "has brackets", "try \"2001:db8::1\""},
      {"[", "has brackets", ""},
      {"fe80::1%eth0", "has a zone", "global"},
      {"2001:db8::1::2", "not a well-formed IPv6 address", ""},
      {"2001:db8:1:2:3:4:5:6:7", "not a well-formed IPv6 address", ""},
      {"2001:db8::g", "not a well-formed IPv6 address", ""},
      {"1.2.3.256", "not a well-formed IPv4 address", ""},
      {"1.2.3", "not a well-formed IPv4 address", ""},
      {"1.2.3.04", "not a well-formed IPv4 address", ""},
      {"1.2.3.4.5", "not a well-formed IPv4 address", ""},
      {"2130706433", "not a well-formed IPv4 address", ""},
      {"a.test.123", "not a well-formed IPv4 address", ""},
      {"my_host.example.com", "underscore", "\"-\""},
      {"_acme-challenge.example.com", "underscore", ""},
      {"a..test", "empty label", ""},
      {".a.test", "empty label", ""},
      {"a.test..", "empty label", ""},
      {".", "empty label", ""},
      {"*", "star", "*.example.com"},
      {"*.", "star", ""},
      {"a.*.test", "star", "*.example.com"},
      {"www*.example.com", "star", "*.example.com"},
      {"*.*.example.com", "star", "*.example.com"},
      {"-a.test", "begins or ends with \"-\"", ""},
      {"a-.test", "begins or ends with \"-\"", ""},
      {"a!.test", "\"!\"", ""},
      {"a\x1b[2J.test", "\"\\x1b\"", ""},
      {std::string("a.test\0", 7), "\"\\x00\"", ""},
      {std::string("127.0.0.1\0", 10), "\"\\x00\"", ""},
      {"a.test\n", "\"\\x0a\"", ""},
      {std::string(64, 'a') + ".test", "a label of 64 characters", ""},
      {repeated("a.", 124) + "abcdef", "has 254 characters", ""},
      {"localhost", "has no dot", "localhost.example.com"},
      {"com", "has no dot", ""},
      {"com.", "has no dot", ""},
      {"*.com", "has no dot", ""}};
  for (const Bad& bad : table) {
    const auto error = thrown_error([&] { Identifier::parse(bad.text); });
    ASSERT_TRUE(error) << bad.text;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_NE(std::string(error->what()).find(bad.cause), std::string::npos) << error->what();
    EXPECT_NE(error->hint().find(bad.hint), std::string::npos) << error->what() << error->hint();
  }
}

TEST(IdentifierTest, MessagesOfHostileNamesAreShortAndPrintable) {
  for (const std::string& text : {std::string(1 << 20, 'a'), std::string(1 << 20, '.'),
                                  std::string(1 << 20, '\x1b'), std::string(1 << 20, ':')}) {
    const auto error = thrown_error([&] { Identifier::parse(text); });
    ASSERT_TRUE(error);
    EXPECT_LT(std::string(error->what()).size(), 300U);
    EXPECT_EQ(std::string(error->what()).find('\x1b'), std::string::npos);
  }
}

TEST(IdentifierTest, ListsKeepTheFirstMentionOfEachName) {
  const auto names = parse_identifiers({"b.test", "A.test", "a.test.", "B.TEST", "::1", "0::1"});
  ASSERT_EQ(names.size(), 3U);
  EXPECT_EQ(names[0].value, "b.test");
  EXPECT_EQ(names[1].value, "a.test");
  EXPECT_EQ(names[2].value, "::1");
}

TEST(IdentifierTest, ListsHaveOneToAHundredNames) {
  std::vector<std::string> texts;
  EXPECT_EQ(thrown_error([&] { parse_identifiers(texts); })->code(), ErrorCode::config);
  for (int i = 0; i < 100; ++i) texts.push_back("a" + std::to_string(i) + ".test");
  texts.push_back("A0.test");
  EXPECT_EQ(parse_identifiers(texts).size(), 100U);
  texts.push_back("b.test");
  EXPECT_EQ(thrown_error([&] { parse_identifiers(texts); })->code(), ErrorCode::config);
}

TEST(IdentifierTest, MatchesHostsAsRfc6125Does) {
  const auto matches = [](const char* name, std::string_view host) {
    return name_matches(Identifier::parse(name), host);
  };
  EXPECT_TRUE(matches("a.test", "a.test"));
  EXPECT_TRUE(matches("a.test", "A.Test"));
  EXPECT_TRUE(matches("a.test", "a.test."));
  EXPECT_FALSE(matches("a.test", "b.a.test"));
  EXPECT_FALSE(matches("a.test", "a.tes"));
  EXPECT_FALSE(matches("a.test", ""));
  EXPECT_FALSE(matches("a.test", "."));
  EXPECT_FALSE(matches("a.test", std::string_view("a.test\0", 7)));
  EXPECT_TRUE(matches("*.a.test", "www.a.test"));
  EXPECT_TRUE(matches("*.a.test", "WWW.A.test."));
  EXPECT_FALSE(matches("*.a.test", "a.test"));
  EXPECT_FALSE(matches("*.a.test", ".a.test"));
  EXPECT_FALSE(matches("*.a.test", "x.www.a.test"));
  EXPECT_FALSE(matches("*.a.test", "www.b.test"));
  EXPECT_TRUE(matches("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(matches("192.0.2.1", "192.0.2.2"));
  EXPECT_FALSE(matches("192.0.2.1", "::ffff:192.0.2.1"));
  EXPECT_TRUE(matches("2001:db8::1", "2001:DB8:0:0:0:0:0:1"));
  EXPECT_FALSE(matches("2001:db8::1", "[2001:db8::1]"));
  EXPECT_FALSE(matches("2001:db8::1", std::string(1 << 16, ':')));
}

TEST(IdentifierTest, AddressesAreNotMatchedByNames) {
  const Identifier name{Type::dns, "192.0.2.1"};  // a dNSName that a careless CA let through
  EXPECT_FALSE(name_matches(name, "192.0.2.1"));
  EXPECT_FALSE(name_matches(Identifier{Type::dns, "*.0.2.1"}, "192.0.2.1"));
}

TEST(IdentifierTest, DescribesLists) {
  const auto names = parse_identifiers({"a.test", "b.test", "c.test", "d.test", "e.test"});
  EXPECT_EQ(describe(names, 2), "a.test, b.test and 3 more");
  EXPECT_EQ(describe(names), "a.test, b.test, c.test, d.test and 1 more");
  EXPECT_EQ(describe(names, 5), "a.test, b.test, c.test, d.test, e.test");
  EXPECT_EQ(describe(names, 0), "5 names");
  EXPECT_EQ(describe({}), "");
}

}  // namespace
}  // namespace autohttps
