#include <autohttps/common/key_elsewhere.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/test_csr.h>

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <string>

namespace autohttps {
namespace {

std::string pem_of(const std::string& der) {
  std::string text((der.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(der.data()),
                                     static_cast<int>(der.size()));
  std::string pem = "-----BEGIN CERTIFICATE REQUEST-----\n";
  for (std::size_t at = 0; at < static_cast<std::size_t>(length); at += 64) {
    pem += text.substr(at, std::min<std::size_t>(64, static_cast<std::size_t>(length) - at)) + "\n";
  }
  return pem + "-----END CERTIFICATE REQUEST-----\n";
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
