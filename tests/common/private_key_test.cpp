#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/private_key.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <string>
#include <thread>
#include <vector>

namespace autohttps {
namespace {

constexpr KeyType kAllTypes[] = {KeyType::ec256, KeyType::ec384, KeyType::rsa2048, KeyType::rsa3072,
                                 KeyType::rsa4096};

template <typename Write>
std::string pem_of(Write&& write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  EXPECT_EQ(write(bio.get()), 1);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

// SEC1 or PKCS#1; encrypted when there is a cipher.
std::string traditional_pem(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
  unsigned char passphrase[] = "secret";
  return pem_of([&](BIO* bio) {
    return PEM_write_bio_PrivateKey_traditional(bio, key, cipher, cipher ? passphrase : nullptr,
                                                cipher ? 6 : 0, nullptr, nullptr);
  });
}

std::string pkcs8_pem(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
  return pem_of([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, cipher ? "secret" : nullptr,
                                         cipher ? 6 : 0, nullptr, nullptr);
  });
}

void expect_refused(const std::string& pem, const std::string& cause) {
  const auto error = thrown_error([&] { PrivateKey::from_pem(pem); });
  ASSERT_TRUE(error) << cause;
  EXPECT_EQ(error->code(), ErrorCode::crypto);
  const std::string what = error->what();
  EXPECT_EQ(what.rfind("reading a private key: ", 0), 0U) << what;
  EXPECT_NE(what.find(cause), std::string::npos) << what;
  EXPECT_LT(what.size(), 400U);
  EXPECT_EQ(ERR_peek_error(), 0U) << "left for the next reader of the queue";
}

class PrivateKeyTypeTest : public testing::TestWithParam<KeyType> {};

TEST_P(PrivateKeyTypeTest, IsReadBackFromItsPem) {
  const PrivateKey key = PrivateKey::generate(GetParam());
  EXPECT_EQ(key.type(), GetParam());
  const std::string pem = key.to_pem();
  EXPECT_EQ(pem.rfind("-----BEGIN PRIVATE KEY-----\n", 0), 0U);  // PKCS#8
  const PrivateKey again = PrivateKey::from_pem(pem);
  EXPECT_EQ(again.type(), GetParam());
  EXPECT_TRUE(again == key);
  EXPECT_EQ(again.to_pem(), pem);
}

INSTANTIATE_TEST_SUITE_P(All, PrivateKeyTypeTest, testing::ValuesIn(kAllTypes),
                         [](const auto& one) { return std::string(key_type_name(one.param)); });

TEST(PrivateKeyTest, ReadsSec1AndPkcs1) {
  const PrivateKey ec = PrivateKey::generate(KeyType::ec384);
  const std::string sec1 = traditional_pem(ec.handle());
  EXPECT_EQ(sec1.rfind("-----BEGIN EC PRIVATE KEY-----", 0), 0U);
  EXPECT_TRUE(PrivateKey::from_pem(sec1) == ec);
  const PrivateKey rsa = PrivateKey::generate(KeyType::rsa2048);
  const std::string pkcs1 = traditional_pem(rsa.handle());
  EXPECT_EQ(pkcs1.rfind("-----BEGIN RSA PRIVATE KEY-----", 0), 0U);
  EXPECT_TRUE(PrivateKey::from_pem(pkcs1) == rsa);
}

TEST(PrivateKeyTest, ReadsOneKindOfKeyAfterAnother) {
  const PrivateKey ec = PrivateKey::generate(KeyType::ec256);
  const PrivateKey rsa = PrivateKey::generate(KeyType::rsa2048);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(PrivateKey::from_pem(ec.to_pem()) == ec);
    EXPECT_TRUE(PrivateKey::from_pem(traditional_pem(ec.handle())) == ec);
    EXPECT_TRUE(PrivateKey::from_pem(rsa.to_pem()) == rsa);
    EXPECT_TRUE(PrivateKey::from_pem(traditional_pem(rsa.handle())) == rsa);
  }
}

TEST(PrivateKeyTest, TakesWhitespaceAroundAndWindowsLineEnds) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const std::string pem = key.to_pem();
  std::string windows;
  for (const char c : pem) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& text :
       {windows, "\n\n" + pem + "\n \t\r\n", pem.substr(0, pem.size() - 1)}) {
    EXPECT_TRUE(PrivateKey::from_pem(text) == key);
  }
}

TEST(PrivateKeyTest, IsEqualByThePublicKey) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const PrivateKey copy = key;
  EXPECT_TRUE(copy == key);
  EXPECT_FALSE(key == PrivateKey::generate(KeyType::ec256));
  EXPECT_FALSE(key == PrivateKey::generate(KeyType::ec384));
  EXPECT_FALSE(key == PrivateKey::generate(KeyType::rsa2048));
}

TEST(PrivateKeyTest, NamesItsTypes) {
  for (const KeyType type : kAllTypes) EXPECT_EQ(parse_key_type(key_type_name(type)), type);
  EXPECT_EQ(key_type_name(KeyType::ec256), "ec256");
  EXPECT_EQ(key_type_name(KeyType::rsa4096), "rsa4096");
  for (const char* name : {"", "EC256", "rsa", "rsa1024", "p256", "\x1b[2J"}) {
    const auto error = thrown_error([&] { parse_key_type(name); });
    ASSERT_TRUE(error) << name;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_EQ(error->hint(), "one of ec256, ec384, rsa2048, rsa3072, rsa4096");
    EXPECT_EQ(std::string(error->what()).find('\x1b'), std::string::npos);
  }
}

TEST(PrivateKeyTest, RefusesEncryptedKeysWithoutAskingForAPassphrase) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  expect_refused(pkcs8_pem(key.handle(), EVP_aes_256_cbc()), "encrypted with a passphrase");
  expect_refused(traditional_pem(key.handle(), EVP_aes_256_cbc()), "encrypted with a passphrase");
  const auto error =
      thrown_error([&] { PrivateKey::from_pem(pkcs8_pem(key.handle(), EVP_aes_256_cbc())); });
  EXPECT_NE(error->hint().find("openssl pkey"), std::string::npos);
}

TEST(PrivateKeyTest, RefusesAnythingButOneKey) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const std::string pem = key.to_pem();
  const std::string public_pem =
      pem_of([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.handle()); });
  expect_refused(pem + PrivateKey::generate(KeyType::ec256).to_pem(), "something follows");
  expect_refused(pem + public_pem, "something follows");
  expect_refused(pem + "x", "something follows");
  expect_refused(pem + std::string(1, '\0'), "something follows");
  expect_refused("x" + pem, "does not begin with");
  expect_refused("key:\n" + pem, "does not begin with");
  expect_refused("\xef\xbb\xbf" + pem, "does not begin with");
  expect_refused(public_pem, "this is a public key");
  expect_refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                 "this is a certificate");
  expect_refused("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" +
                     traditional_pem(key.handle()),
                 "EC PARAMETERS");
  expect_refused("-----BEGIN \x1b[2J-----\n", "\"\\x1b[2J\"");
}

TEST(PrivateKeyTest, RefusesGarbage) {
  const std::string pem = PrivateKey::generate(KeyType::ec256).to_pem();
  expect_refused("", "empty");
  expect_refused(" \r\n", "empty");
  expect_refused("hello", "does not begin with");
  expect_refused("-----BEGIN ", "does not begin with");
  expect_refused("-----BEGIN PRIVATE KEY-----", "has no \"-----END PRIVATE KEY-----\"");
  expect_refused(pem.substr(0, pem.size() - 10), "has no \"-----END PRIVATE KEY-----\"");
  expect_refused("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "damaged");
  expect_refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "damaged");
  expect_refused("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n", "damaged");
  expect_refused(pem.substr(0, 60) + pem.substr(100), "damaged");
  expect_refused(std::string(65 * 1024, '\n') + pem, "more than 64 KiB");
}

TEST(PrivateKeyTest, RefusesTypesThatWeDoNotUse) {
  const EvpKeyPtr keys[] = {EvpKeyPtr(EVP_EC_gen("P-521")), EvpKeyPtr(EVP_EC_gen("secp256k1")),
                            EvpKeyPtr(EVP_RSA_gen(1024)),
                            EvpKeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))};
  for (const EvpKeyPtr& key : keys) {
    ASSERT_TRUE(key);
    expect_refused(pkcs8_pem(key.get()), "its type is none of ec256");
  }
}

TEST(PrivateKeyTest, RefusesBytesBehindTheKeyInsideItsBlock) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  unsigned char* der = nullptr;
  const int length = i2d_PrivateKey(key.handle(), &der);
  std::vector<unsigned char> longer(der, der + length);
  OPENSSL_free(der);
  longer.insert(longer.end(), {'j', 'u', 'n', 'k'});
  expect_refused(pem_of([&](BIO* bio) {
                   return PEM_write_bio(bio, "EC PRIVATE KEY", "", longer.data(),
                                        static_cast<long>(longer.size())) > 0
                              ? 1
                              : 0;
                 }),
                 "bytes follow");
}

TEST(PrivateKeyTest, RefusesHalvesOfTwoKeys) {
  // PKCS#8 of P-256: the private number lies 36 bytes from the front; the public point behind it
  // stays.
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  unsigned char* der = nullptr;
  const int length = i2d_PrivateKey(key.handle(), &der);
  ASSERT_GT(length, 100);
  der[20] ^= 1;  // within the private number of ECPrivateKey (RFC 5915 3)
  const std::string pem = pem_of(
      [&](BIO* bio) { return PEM_write_bio(bio, "EC PRIVATE KEY", "", der, length) > 0 ? 1 : 0; });
  OPENSSL_free(der);
  expect_refused(pem, "damaged");
}

TEST(F33_DamagedKeys, AreNeverTakenForAnotherKey) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const std::string pem = key.to_pem();
  for (std::size_t i = 0; i < pem.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = pem;
      damaged[i] = static_cast<char>(damaged[i] ^ 1 << bit);
      try {
        EXPECT_TRUE(PrivateKey::from_pem(damaged) == key) << i << " " << bit;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::crypto);
      }
    }
    EXPECT_TRUE(PrivateKey::from_pem(pem) == key) << "after damage at " << i;
  }
  for (std::size_t length = 0; length + 1 < pem.size(); ++length) {
    EXPECT_TRUE(thrown_error([&] { PrivateKey::from_pem(pem.substr(0, length)); })) << length;
  }
}

TEST(PrivateKeyTest, IsUsedByManyThreadsAtOnce) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const std::string pem = key.to_pem();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const PrivateKey copy = key;
        EXPECT_EQ(copy.type(), KeyType::ec256);
        EXPECT_TRUE(PrivateKey::from_pem(pem) == copy);
        EXPECT_EQ(copy.to_pem(), pem);
      }
    });
  }
}

}  // namespace
}  // namespace autohttps
