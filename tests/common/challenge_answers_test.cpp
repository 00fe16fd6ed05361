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
