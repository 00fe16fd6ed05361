#include <autohttps/server/sites/challenge_responder.h>

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace autohttps {
namespace {

using namespace std::string_literals;

struct MapAnswers final : ChallengeAnswers {
  std::optional<std::string> key_authorization(std::string_view token) const override {
    asked.emplace_back(token);
    const auto found = live.find(std::string(token));
    if (found == live.end()) return std::nullopt;
    return found->second;
  }
  std::shared_ptr<const CertifiedKey> tls_alpn(std::string_view) const override { return nullptr; }

  std::map<std::string, std::string> live;
  mutable std::vector<std::string> asked;
};

const std::string kToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const std::string kAnswer = kToken + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const std::string kPath = std::string(kChallengePath);

TEST(ChallengeResponderTest, ALiveTokenIsAnsweredByteForByte) {
  MapAnswers answers;
  answers.live[kToken] = kAnswer;
  EXPECT_EQ(challenge_answer(answers, kPath + kToken), kAnswer);
  answers.live.clear();
  EXPECT_EQ(challenge_answer(answers, kPath + kToken), std::nullopt);
}

TEST(F21_HostileTokens, NothingButATokenIsEverLookedUp) {
  MapAnswers answers;
  for (const std::string& token : {""s,
                                   "."s,
                                   ".."s,
                                   "../../../../etc/passwd"s,
                                   "..%2f..%2fversion-version"s,
                                   "%2e%2e%2faaaaaaaaaaaaaaaa"s,
                                   kToken + "/",
                                   kToken + "/.."s,
                                   "/" + kToken,
                                   kToken + "\0"s,
                                   "\0"s + kToken,
                                   kToken + "\0.json"s,
                                   kToken + "\r\nX-Injected: 1"s,
                                   kToken + " ",
                                   kToken + "\n"s,
                                   kToken + ".json"s,
                                   kToken + "~"s,
                                   kToken + "%00"s,
                                   "$(reboot)aaaaaaaaaaaa"s,
                                   "`reboot`aaaaaaaaaaaaaaaa"s,
                                   "a;rm -rf /aaaaaaaaaaaa"s,
                                   "short"s,
                                   std::string(10'240, 'a'),
                                   std::string(129, 'a'),
                                   "\xc3\xbc"
                                   "aaaaaaaaaaaaaaaaaaaa"s}) {
    EXPECT_EQ(challenge_answer(answers, kPath + token), std::nullopt) << token;
  }
  EXPECT_TRUE(answers.asked.empty());
}

TEST(F27_ChallengeFetches, OnlyTheExactPathIsAnswered) {
  MapAnswers answers;
  answers.live[kToken] = kAnswer;
  for (const std::string& path :
       {kToken, "/" + kToken, kPath + kToken + "?", kPath + kToken + "?a=b", kPath + kToken + "#x",
        "http://a.test" + kPath + kToken, "//a.test" + kPath + kToken, "/." + kPath + kToken,
        "/x/.." + kPath + kToken, "/.well-known/acme-challenge//" + kToken,
        "/.WELL-KNOWN/acme-challenge/" + kToken, "/%2ewell-known/acme-challenge/" + kToken,
        "/.well-known/acme-challenge/%65" + kToken.substr(1),
        "/.well-known/acme-challenge/../acme-challenge/" + kToken, "*"s, ""s, "/"s}) {
    EXPECT_EQ(challenge_answer(answers, path), std::nullopt) << path;
  }
}

TEST(RedirectTest, KeepsHostPathAndQuery) {
  const RedirectRules rules{{"a.test", "www.a.test"}, 443};
  EXPECT_EQ(redirect_location(rules, "a.test", "/"), "https://a.test/");
  EXPECT_EQ(redirect_location(rules, "www.a.test", "/x/y?q=1&r=%20"),
            "https://www.a.test/x/y?q=1&r=%20");
  EXPECT_EQ(redirect_location(rules, "a.test:80", "/x"), "https://a.test/x");
}

TEST(RedirectTest, NamesThePublicPortUnlessItIs443) {
  EXPECT_EQ(redirect_location({{"a.test"}, 8443}, "a.test:8080", "/x"), "https://a.test:8443/x");
}

TEST(RedirectTest, WildcardsCoverOneLabel) {
  const RedirectRules rules{{"*.a.test"}, 443};
  EXPECT_EQ(redirect_location(rules, "x.a.test", "/"), "https://x.a.test/");
  EXPECT_EQ(redirect_location(rules, "a.test", "/"), std::nullopt);
  EXPECT_EQ(redirect_location(rules, "x.y.a.test", "/"), std::nullopt);
  EXPECT_EQ(redirect_location(rules, "*.a.test", "/"), std::nullopt);
}

TEST(RedirectTest, AddressesAreHostsToo) {
  const RedirectRules rules{{"192.0.2.7", "2001:db8::7"}, 8443};
  EXPECT_EQ(redirect_location(rules, "192.0.2.7", "/"), "https://192.0.2.7:8443/");
  EXPECT_EQ(redirect_location(rules, "[2001:DB8:0:0::7]:80", "/"), "https://[2001:db8::7]:8443/");
  EXPECT_EQ(redirect_location(rules, "[2001:db8::8]", "/"), std::nullopt);
  EXPECT_EQ(redirect_location(rules, "2001:db8::7", "/"), std::nullopt);
}

TEST(F50_HostHeader, TheRedirectGoesToConfiguredNamesOnly) {
  const RedirectRules rules{{"a.test"}, 443};
  struct Row {
    std::string host;
    std::optional<std::string> location;
  };
  const std::optional<std::string> nothing;
  const std::optional<std::string> home = "https://a.test/x";
  for (const Row& row : std::vector<Row>{{"a.test", home},
                                         {"A.TEST", home},
                                         {"a.test.", home},
                                         {"a.test:80", home},
                                         {"a.test:65535", home},
                                         {"", nothing},
                                         {".", nothing},
                                         {"evil.test", nothing},
                                         {"a.test.evil.test", nothing},
                                         {"xa.test", nothing},
                                         {"a.test:", nothing},
                                         {"a.test:80:80", nothing},
                                         {"a.test:80@evil.test", nothing},
                                         {"a.test:123456", nothing},
                                         {"a.test:-1", nothing},
                                         {"user@a.test", nothing},
                                         {"evil.test@a.test", nothing},
                                         {"a.test@evil.test", nothing},
                                         {"a.test/evil", nothing},
                                         {"a.test\\evil", nothing},
                                         {"a.test?x", nothing},
                                         {"a.test#x", nothing},
                                         {"a.test evil", nothing},
                                         {" a.test", nothing},
                                         {"a.test\t", nothing},
                                         {"a.test\r\nX: y", nothing},
                                         {"a.test\0"s, nothing},
                                         {"a.test%0d%0aX: y", nothing},
                                         {"http://a.test", nothing},
                                         {"[a.test]", nothing},
                                         {"[::1", nothing},
                                         {"[]", nothing},
                                         {"[::1]x", nothing},
                                         {"\xd0\xb0.test", nothing},
                                         {std::string(100'000, 'a'), nothing}}) {
    EXPECT_EQ(redirect_location(rules, row.host, "/x"), row.location) << row.host.substr(0, 80);
  }
}

TEST(F50_HostHeader, AnUncleanTargetIsNotRepeated) {
  const RedirectRules rules{{"a.test"}, 443};
  for (const std::string& target :
       {""s, "*"s, "x"s, "http://evil.test/"s, "a.test:443"s, "/\r\nSet-Cookie: a=b"s, "/a b"s,
        "/a\tb"s, "/<script>"s, "/\"x"s, "/\\evil.test"s, "/\0"s, "/\x7f"s, "/\xc3\xbc"s, "/a#b"s,
        "/" + std::string(8192, 'a')}) {
    EXPECT_EQ(redirect_location(rules, "a.test", target), "https://a.test/")
        << target.substr(0, 80);
  }
  // Two slashes stay a path: the authority stands before them.
  EXPECT_EQ(redirect_location(rules, "a.test", "//evil.test/"), "https://a.test//evil.test/");
}

}  // namespace
}  // namespace autohttps
