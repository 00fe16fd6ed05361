#include <autohttps/server/tls/hello_extensions.h>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace autohttps {
namespace {

std::string sized(std::string_view bytes, std::size_t width) {
  std::string text;
  for (std::size_t i = width; i-- > 0;) text += static_cast<char>(bytes.size() >> (8 * i) & 0xff);
  return text.append(bytes);
}

std::string server_name(std::string_view host) {
  return sized(std::string(1, '\0') + sized(host, 2), 2);
}

std::string alpn(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) list += sized(protocol, 1);
  return sized(list, 2);
}

TEST(HelloExtensionsTest, ReadsTheHostNameInLowerCaseWithoutAFinalDot) {
  EXPECT_EQ(parse_server_name(server_name("a.test")), "a.test");
  EXPECT_EQ(parse_server_name(server_name("WWW.A.Test")), "www.a.test");
  EXPECT_EQ(parse_server_name(server_name("a.test.")), "a.test");
  EXPECT_EQ(parse_server_name(server_name("_dmarc.a-b.test")), "_dmarc.a-b.test");
}

TEST(F49_ClientHello, NamesThatNoCertificateCanBeForAreEmpty) {
  using namespace std::string_literals;
  for (const std::string& name : {"*.a.test"s, "a.test/b"s, "../a"s, "a\0b.test"s, "a b"s, "::1"s,
                                  "b\xc3\xbc.test"s, "a.test\r\n"s, "a%2e"s, "."s}) {
    EXPECT_EQ(parse_server_name(server_name(name)), "") << name;
  }
}

TEST(F49_ClientHello, MalformedServerNamesHaveNoValue) {
  using namespace std::string_literals;
  const std::string good = server_name("a.test");
  std::vector<std::string> bad = {""s,
                                  "\0"s,
                                  "\0\0"s,
                                  good + "x",
                                  good.substr(0, good.size() - 1),
                                  server_name(""),
                                  server_name(std::string(256, 'a')),
                                  server_name(std::string(65'000, 'a')),
                                  "\0\x09\x01\0\x06"
                                  "a.test"s,  // another type of name
                                  std::string(65'535, '\xff')};
  // Two names.
  const std::string entry = std::string(1, '\0') + sized("a.test", 2);
  bad.push_back(sized(entry + entry, 2));
  for (const std::string& text : bad) EXPECT_FALSE(parse_server_name(text)) << text.size();
}

TEST(HelloExtensionsTest, ReadsTheProtocolsInTheirOrder) {
  const std::string raw = alpn({"h2", "http/1.1"});
  const auto protocols = parse_alpn(raw);
  ASSERT_TRUE(protocols);
  EXPECT_EQ(*protocols, (std::vector<std::string_view>{"h2", "http/1.1"}));
}

TEST(F49_ClientHello, MalformedProtocolListsHaveNoValue) {
  using namespace std::string_literals;
  const std::string good = alpn({"h2", "http/1.1"});
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_alpn(good.substr(0, size))) << size;
  }
  EXPECT_FALSE(parse_alpn(good + "x"));
  EXPECT_FALSE(parse_alpn("\0\0"s));
  EXPECT_FALSE(parse_alpn("\0\x01\0"s));  // an empty protocol
  EXPECT_FALSE(parse_alpn(std::string(65'535, '\xff')));
}

TEST(F49_ClientHello, ThousandsOfProtocolsAreNotKept) {
  const std::string raw = alpn(std::vector<std::string>(20'000, "x"));
  const auto protocols = parse_alpn(raw);
  ASSERT_TRUE(protocols);
  EXPECT_EQ(protocols->size(), kMostProtocols);
}

}  // namespace
}  // namespace autohttps
