#include <autohttps/acme/protocol/external_account.h>

#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/tests/support/scripted_ca_jws.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::acme {
namespace {

// RFC 7515 A.1.1: 64 bytes.
constexpr char kKey[] =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

TEST(ExternalAccountTest, TheBindingIsAJwsOverTheAccountsJwk) {
  const AccountKey key(PrivateKey::generate(KeyType::ec256));
  for (const char* algorithm : {"HS256", "HS384", "HS512"}) {
    const ExternalAccount account = read_external_account("kid-1", algorithm, Secret(kKey));
    const Json jws =
        Json::parse(external_account_binding(account, key, "https://ca.test/new-account"));
    const SignedRequest read = read_inner_jws(jws);
    EXPECT_EQ(read.header,
              (Json{{"alg", algorithm}, {"kid", "kid-1"}, {"url", "https://ca.test/new-account"}}));
    EXPECT_EQ(read.payload, key.jwk());
    EXPECT_NO_THROW(verify_mac(read, *base64url_decode(kKey))) << algorithm;
    EXPECT_THROW(verify_mac(read, "another key"), CaProblem);
  }
}

TEST(ExternalAccountTest, TakesTheKeyAsPeopleCopyIt) {
  const std::string plain = kKey;
  std::string base64 = plain;
  for (char& c : base64) c = c == '-' ? '+' : c == '_' ? '/' : c;
  for (const std::string& text :
       {plain, plain + "==", "\n " + plain + "\r\n", plain + "==\n", base64, base64 + "=="}) {
    EXPECT_EQ(read_external_account(" kid-1\n", "hs256", Secret(text)).key.bytes(),
              *base64url_decode(kKey));
  }
  EXPECT_EQ(read_external_account(" kid-1\n", "hs256", Secret(plain)).key_id, "kid-1");
}

TEST(ExternalAccountTest, SaysWhichPartIsWrongAndNeverShowsTheKey) {
  struct Case {
    const char *key_id, *algorithm, *key, *words;
  };
  const Case cases[] = {
      {"", "HS256", kKey, "key id is empty"},
      {" \n", "HS256", kKey, "key id is empty"},
      {"a\x1b[2J", "HS256", kKey, "characters"},
      {"kid-1", "RS256", kKey, "RS256"},
      {"kid-1", "", kKey, "algorithm"},
      {"kid-1", "HS256", "", "key is empty"},
      {"kid-1", "HS256", "==\n", "key is empty"},
      {"kid-1", "HS256", "c2Vjc!mV0LXNlY3JldA", "not base64url"},
      {"kid-1", "HS256", "c2VjcmV0LXNl Y3JldA", "not base64url"},
      {"kid-1", "HS256", "c2Vjc", "not base64url"},
  };
  for (const Case& wrong : cases) {
    const auto error = thrown_error(
        [&] { read_external_account(wrong.key_id, wrong.algorithm, Secret(wrong.key)); });
    ASSERT_TRUE(error) << wrong.words;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_NE(std::string(error->what()).find(wrong.words), std::string::npos) << error->what();
    EXPECT_NE(error->hint(), "");
    EXPECT_EQ((error->what() + error->hint()).find("c2Vjc"), std::string::npos);
    EXPECT_EQ((error->what() + error->hint()).find("AyM1"), std::string::npos);
    EXPECT_EQ(std::string(error->what()).find('\x1b'), std::string::npos);
  }
  const auto error = thrown_error(
      [&] { read_external_account("kid-1", "HS256", Secret(std::string(5000, 'A'))); });
  EXPECT_EQ(error.value().code(), ErrorCode::config);
}

}  // namespace
}  // namespace autohttps::acme
