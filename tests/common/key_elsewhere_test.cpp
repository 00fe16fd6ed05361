#include <autohttps/common/key_elsewhere.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/test_csr.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps {
namespace {

std::string pem_of(const std::string& der) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < der.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < der.size() ? static_cast<unsigned char>(der[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > der.size() ? '=' : kAlphabet[group >> (18 - 6 * j) & 63];
    }
    if (i % 48 == 45) text += '\n';
  }
  return "-----BEGIN CERTIFICATE REQUEST-----\n" + text + "\n-----END CERTIFICATE REQUEST-----\n";
}

TEST(KeyElsewhereTest, ARequestHasThePublicHalfOfItsKey) {
  for (const KeyType type : {KeyType::ec256, KeyType::ec384, KeyType::rsa2048}) {
    const PrivateKey key = PrivateKey::generate(type);
    const std::string request = pem_of(make_csr(key, parse_identifiers({"a.test"})));
    EXPECT_TRUE(is_request(request));
    EXPECT_FALSE(is_request(key.to_pem()));
    const PrivateKey half = PrivateKey::from_pem(request);
    EXPECT_EQ(half, key);
    EXPECT_EQ(half.type(), type);
    EXPECT_TRUE(is_elsewhere(half));
    EXPECT_FALSE(is_elsewhere(key));
    EXPECT_FALSE(is_elsewhere(PrivateKey::from_pem(key.to_pem())));
    EXPECT_THROW(half.to_pem(), Error);
  }
}

TEST(KeyElsewhereTest, WhatIsNoRequestIsRefused) {
  std::string der = make_csr(PrivateKey::generate(KeyType::ec256), parse_identifiers({"a.test"}));
  EXPECT_THROW(PrivateKey::from_pem(pem_of(der.substr(0, 60))), Error);
  der.back() = static_cast<char>(der.back() ^ 1);
  EXPECT_THROW(PrivateKey::from_pem(pem_of(der)), Error);
  EXPECT_THROW(PrivateKey::from_pem("-----BEGIN CERTIFICATE REQUEST-----\n"), Error);
}

}  // namespace
}  // namespace autohttps
