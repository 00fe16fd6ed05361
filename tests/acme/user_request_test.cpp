#include <autohttps/acme/issuance/csr.h>

#include <autohttps/common/error.h>
#include <autohttps/tests/support/test_csr.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

const std::vector<Identifier> kNames = {{Identifier::Type::dns, "a.test"},
                                        {Identifier::Type::dns, "*.b.test"},
                                        {Identifier::Type::ip, "192.0.2.1"}};

TEST(UserRequestReadingTest, PemAndDerAreTheSame) {
  const std::string der = make_csr(PrivateKey::generate(KeyType::ec256), kNames);
  const std::string pem = request_pem(der);
  EXPECT_TRUE(pem.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
  EXPECT_EQ(request_der(pem), der);
  EXPECT_EQ(request_der(der), der);
  EXPECT_EQ(request_pem(pem), pem);
  EXPECT_EQ(names_of_request(pem), kNames);
  EXPECT_EQ(names_of_request(der), kNames);
}

TEST(UserRequestReadingTest, KnowsItsKeysType) {
  for (const KeyType type : {KeyType::ec256, KeyType::ec384, KeyType::rsa2048}) {
    EXPECT_EQ(key_type_of_request(make_csr(PrivateKey::generate(type), kNames)), type);
  }
}

TEST(UserRequestReadingTest, NamesHaveToBeTheSame) {
  const std::string der = make_csr(PrivateKey::generate(KeyType::ec256), kNames);
  EXPECT_NO_THROW(check_request(der, {kNames[2], kNames[0], kNames[1]}));
  auto error = thrown_error([&] { check_request(der, {kNames[0]}); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("192.0.2.1"), std::string::npos) << error->what();
  auto more = kNames;
  more.push_back({Identifier::Type::dns, "c.test"});
  error = thrown_error([&] { check_request(der, more); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("c.test"), std::string::npos) << error->what();
}

TEST(UserRequestReadingTest, WhatIsNoneIsSaidToBeNone) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const std::string der = make_csr(key, kNames);
  std::string forged = der;
  forged.back() = static_cast<char>(forged.back() ^ 1);
  for (const std::string& text :
       {std::string(), std::string("x"), der + "x", der.substr(0, der.size() / 2), forged,
        key.to_pem(), request_pem(der) + key.to_pem(), std::string(70000, 'x')}) {
    const auto error = thrown_error([&] { request_der(text); });
    ASSERT_TRUE(error) << text.substr(0, 60);
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_NE(error->hint(), "");
    EXPECT_EQ(std::string(error->what()).find("PRIVATE"), std::string::npos);
  }
}

}  // namespace
}  // namespace autohttps::acme
