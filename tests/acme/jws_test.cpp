#include <autohttps/acme/protocol/jws.h>

#include "rfc7515_keys.h"

#include <autohttps/common/base64url.h>
#include <autohttps/common/json.h>
#include <autohttps/tests/support/scripted_ca_jws.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

Json header_of(const std::string& body) {
  const Json jws = Json::parse(body);
  return Json::parse(base64url_decode(jws.at("protected").get<std::string>()).value());
}

// RFC 7638 3.1.
TEST(JwsTest, ThumbprintIsThatOfRfc7638) {
  EXPECT_EQ(
      jwk_thumbprint(
          R"({"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAA)"
          "tVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-"
          "5JsGY4Hc5n9yBXArwl93lqt7_"
          "RN5w6Cf0h4QyQ5v-65YGjQR0_"
          "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpb"
          "ISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
          "kEgU8awapJ"
          R"(zKnqDKgw"})"),
      "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

// The published signature of A.3 holds for the key as we write it, so what we sign with that key
// holds for others.
TEST(JwsTest, TheVerifierOfTheTestsAcceptsRfc7515A3) {
  const AccountKey key(PrivateKey::from_pem(kRfc7515Ec));
  SignedRequest request;
  request.header = {{"alg", "ES256"}};
  request.signed_text =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm"
      "NvbS9pc19yb290Ijp0cnVlfQ";
  request.signature =
      base64url_decode(
          "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJ"
          "qPP3-Kg6NU1Q")
          .value();
  EXPECT_NO_THROW(verify_jws(request, Json::parse(key.jwk())));
  request.signed_text += "x";
  EXPECT_THROW(verify_jws(request, Json::parse(key.jwk())), CaProblem);
}

TEST(JwsTest, EveryKindOfKeySignsWhatVerifies) {
  for (const KeyType type : {KeyType::ec256, KeyType::ec384, KeyType::rsa2048}) {
    const AccountKey key(PrivateKey::generate(type));
    const SignedRequest request =
        read_jws(sign_jws(key, {.url = "https://ca.test/x", .nonce = "n", .account = ""}, "{}"));
    EXPECT_EQ(request.payload, "{}");
    EXPECT_EQ(request.header.at("alg"), key.algorithm());
    EXPECT_NO_THROW(verify_jws(request, request.header.at("jwk"))) << key.algorithm();
  }
}

// RFC 8555 6.2: alg, nonce, url and exactly one of jwk and kid.
TEST(JwsTest, TheHeaderHasTheKeyOrTheAccount) {
  const AccountKey key(PrivateKey::generate(KeyType::ec256));
  const Json with_key =
      header_of(sign_jws(key, {.url = "https://ca.test/x", .nonce = "n1", .account = ""}, ""));
  EXPECT_EQ(with_key, (Json{{"alg", "ES256"},
                            {"nonce", "n1"},
                            {"url", "https://ca.test/x"},
                            {"jwk", Json::parse(key.jwk())}}));
  const Json with_account = header_of(sign_jws(
      key, {.url = "https://ca.test/x", .nonce = "n1", .account = "https://ca.test/a/1"}, ""));
  EXPECT_EQ(with_account, (Json{{"alg", "ES256"},
                                {"nonce", "n1"},
                                {"url", "https://ca.test/x"},
                                {"kid", "https://ca.test/a/1"}}));
}

// RFC 8555 6.3.
TEST(JwsTest, PostAsGetHasAnEmptyPayload) {
  const AccountKey key(PrivateKey::generate(KeyType::ec256));
  const Json jws =
      Json::parse(sign_jws(key, {.url = "https://ca.test/x", .nonce = "n", .account = "a"}, ""));
  EXPECT_EQ(jws.at("payload"), "");
  EXPECT_EQ(jws.size(), 3U);
}

}  // namespace
}  // namespace autohttps::acme
