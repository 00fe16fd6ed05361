#include <autohttps/common/challenge_answers.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

TEST(ChallengeAnswersTest, TakesTokensOfRealCas) {
  EXPECT_TRUE(is_token("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"));  // RFC 8555 8.3
  EXPECT_TRUE(is_token("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"));
  EXPECT_TRUE(is_token("0123456789_-azAZ"));
  EXPECT_TRUE(is_token(std::string(128, 'a')));
}

TEST(ChallengeAnswersTest, ANameIsItsOwnSni) {
  EXPECT_EQ(tls_alpn_name(Identifier::parse("a.test")), "a.test");
  EXPECT_EQ(tls_alpn_name(Identifier::parse("*.a.test")), "");
}

TEST(ChallengeAnswersTest, TheSniOfAnAddressIsItsReverseName) {
  EXPECT_EQ(tls_alpn_name(Identifier::parse("192.0.2.10")), "10.2.0.192.in-addr.arpa");
  // RFC 3596 2.5's example.
  EXPECT_EQ(tls_alpn_name(Identifier::parse("4321:0:1:2:3:4:567:89ab")),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa");
}

TEST(F21_HostileTokens, AreNoTokens) {
  const std::string table[] = {"",
                               "short",
                               std::string(15, 'a'),
                               std::string(129, 'a'),
                               std::string(10240, 'a'),
                               "../../../../../../etc/passwd",
                               "aaaaaaaaaaaaaaaa/../aaaa",
                               "..%2f..%2f..%2f..%2f..%2fetc",
                               "aaaaaaaaaaaaaaaa.",
                               "aaaaaaaaaaaaaaaa=",
                               "aaaaaaaaaaaaaaaa ",
                               "aaaaaaaaaaaaaaaa\n",
                               std::string("aaaaaaaaaaaaaaaa\0", 17),
                               std::string(16, '\0'),
                               "$(touch /tmp/owned)aaaaaa",
                               "`id`;aaaaaaaaaaaaaaaaaaaa",
                               "aaaaaaaaaaaaaaaa\x1b[2J",
                               "aaaaaaaaaaaaaaaa\xc3\xa4",
                               "aaaaaaaaaaaaaaaa\\..\\aaaa"};
  for (const std::string& text : table) EXPECT_FALSE(is_token(text)) << text;
}

}  // namespace
}  // namespace autohttps
