#include <autohttps/acme/protocol/account_key.h>

#include "rfc7515_keys.h"

#include <autohttps/common/base64url.h>
#include <autohttps/common/openssl_owners.h>

#include <gtest/gtest.h>

namespace autohttps::acme {
namespace {

// RFC 7515 A.2.1: header "." payload.
constexpr char kSigningInput[] =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

TEST(AccountKeyTest, WritesTheJwkOfRfc7515A3) {
  const AccountKey key(PrivateKey::from_pem(kRfc7515Ec));
  EXPECT_EQ(key.algorithm(), "ES256");
  EXPECT_EQ(key.jwk(),
            R"({"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
            R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
  // Computed from that text with Python's hashlib.
  EXPECT_EQ(key.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

TEST(AccountKeyTest, WritesTheJwkOfRfc7515A2) {
  const AccountKey key(PrivateKey::from_pem(kRfc7515Rsa));
  EXPECT_EQ(key.algorithm(), "RS256");
  EXPECT_EQ(
      key.jwk(),
      R"({"e":"AQAB","kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPdd)"
      "xHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZ"
      "o9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY"
      "4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9"
      R"(gb54h4FRWyuXpoQ"})");
  EXPECT_EQ(key.thumbprint(), "IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8");
}

TEST(AccountKeyTest, MakesTheRsaSignatureOfRfc7515A2) {
  const AccountKey key(PrivateKey::from_pem(kRfc7515Rsa));
  EXPECT_EQ(
      base64url_encode(key.sign(kSigningInput)),
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2F"
      "p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB"
      "MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeY"
      "I2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
}

// RFC 7518 3.4. Many times: a shorter R or S comes once in 128 signatures.
TEST(AccountKeyTest, EcdsaSignaturesAreTwoNumbersOfFullLength) {
  const AccountKey p256(PrivateKey::generate(KeyType::ec256));
  const AccountKey p384(PrivateKey::generate(KeyType::ec384));
  EXPECT_EQ(p384.algorithm(), "ES384");
  for (int i = 0; i < 300; ++i) ASSERT_EQ(p256.sign("text").size(), 64U);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(p384.sign("text").size(), 96U);
}

// RFC 8555 8.1.
TEST(AccountKeyTest, KeyAuthorizationIsTokenDotThumbprint) {
  const AccountKey key(PrivateKey::from_pem(kRfc7515Ec));
  EXPECT_EQ(
      key.key_authorization("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"),
      "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

}  // namespace
}  // namespace autohttps::acme
