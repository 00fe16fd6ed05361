#include <autohttps/common/certified_key.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/pem.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tests/support/test_certificates.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace autohttps {
namespace {

using std::chrono::hours;

const std::vector<std::string> kNames = {"a.test"};

void expect_refused(const TestChain& pair, const std::string& cause) {
  const auto error = thrown_error([&] { pair.certified(); });
  ASSERT_TRUE(error) << cause;
  EXPECT_EQ(error->code(), ErrorCode::crypto);
  const std::string what = error->what();
  EXPECT_NE(what.find(cause), std::string::npos) << what;
  for (const char c : what) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20) << what;
  EXPECT_EQ(ERR_peek_error(), 0U);
}

// A self-signed certificate that `edit` has made odd before it is signed.
TestChain odd_certificate(const std::function<void(X509*)>& edit) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 10);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.handle());
  edit(certificate.get());
  X509_sign(certificate.get(), key.handle(), EVP_sha256());
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return {std::string(data, static_cast<std::size_t>(length)), key.to_pem()};
}

void add_san(X509* certificate, int type, const std::string& value) {
  const GeneralNamesPtr names(GENERAL_NAMES_new());
  GENERAL_NAME* name = GENERAL_NAME_new();
  sk_GENERAL_NAME_push(names.get(), name);
  ASN1_STRING* string = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
  ASN1_STRING_set(string, value.data(), static_cast<int>(value.size()));
  GENERAL_NAME_set0_value(name, type, string);
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_APPEND);
}

TEST(CertifiedKeyTest, TellsWhatTheLeafSays) {
  const WallTime now = from_unix_seconds(1795505420);
  const TestCa ca(2, now);
  const TestChain pair = ca.leaf({"a.test", "*.b.test", "192.0.2.1", "2001:db8::1"});
  const auto key = pair.certified();
  EXPECT_EQ(key->names(), parse_identifiers({"a.test", "*.b.test", "192.0.2.1", "2001:db8::1"}));
  EXPECT_EQ(key->not_before(), now - hours(1));
  EXPECT_EQ(key->not_after(), now - hours(1) + hours(24 * 90));
  EXPECT_FALSE(key->is_ca());
  EXPECT_EQ(key->issuer(), "Test Intermediate 2");
  EXPECT_EQ(key->chain_length(), 3U);
  EXPECT_TRUE(key->key() == PrivateKey::from_pem(pair.key));
}

TEST(CertifiedKeyTest, FingerprintAndSerialAreOpensslsOwn) {
  const auto key = TestCa().leaf(kNames).certified();
  // The DER's digest, as `openssl x509 -fingerprint -sha256` computes it; the serial as `-serial`
  // prints it.
  unsigned char* der = nullptr;
  const int length = i2d_X509(key->certificate(0), &der);
  std::array<unsigned char, 32> digest{};
  EVP_Digest(der, static_cast<std::size_t>(length), digest.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  std::string hex;
  for (const unsigned char byte : digest) {
    std::array<char, 3> text{};
    std::snprintf(text.data(), text.size(), "%02x", byte);
    hex += text.data();
  }
  EXPECT_EQ(key->fingerprint(), hex);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  i2a_ASN1_INTEGER(bio.get(), X509_get0_serialNumber(key->certificate(0)));
  char* data = nullptr;
  const long printed = BIO_get_mem_data(bio.get(), &data);
  std::string serial(data, static_cast<std::size_t>(printed));
  for (char& c : serial) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  EXPECT_EQ(key->serial(), serial);
}

TEST(CertifiedKeyTest, SerialsHaveWholeBytes) {
  EXPECT_EQ(odd_certificate([](X509*) {}).certified()->serial(), "0a");
}

TEST(CertifiedKeyTest, HandsOutTheChainInOrder) {
  const auto key = TestCa(2).leaf(kNames).certified();
  for (std::size_t i = 0; i + 1 < 3; ++i) {
    EXPECT_EQ(X509_check_issued(key->certificate(i + 1), key->certificate(i)), X509_V_OK);
  }
  EXPECT_EQ(key->certificate(3), nullptr);
}

TEST(CertifiedKeyTest, SharesTheIssuersOfOthers) {
  const TestCa ca(2);
  const auto first = ca.leaf(kNames).certified();
  const auto second = ca.leaf({"b.test"}).certified();
  EXPECT_NE(first->certificate(0), second->certificate(0));
  EXPECT_EQ(first->certificate(1), second->certificate(1));
  EXPECT_EQ(first->certificate(2), second->certificate(2));
}

// More CAs than are remembered.
TEST(CertifiedKeyTest, HasItsOwnIssuersHoweverManyOthersThereAre) {
  std::vector<std::shared_ptr<const CertifiedKey>> keys;
  for (int i = 0; i < 20; ++i) keys.push_back(TestCa().leaf(kNames).certified());
  for (const auto& key : keys) {
    EXPECT_EQ(X509_verify(key->certificate(0), X509_get0_pubkey(key->certificate(1))), 1);
  }
}

TEST(CertifiedKeyTest, ServesItsNamesAndAddresses) {
  const auto key = TestCa().leaf({"a.test", "*.b.test", "192.0.2.1", "2001:db8::1"}).certified();
  for (const char* host : {"a.test", "A.TEST.", "x.b.test", "192.0.2.1", "2001:db8:0::1"}) {
    EXPECT_TRUE(key->serves(host)) << host;
  }
  for (const char* host : {"", "b.test", "x.a.test", "y.x.b.test", "192.0.2.2", "2001:db8::2"}) {
    EXPECT_FALSE(key->serves(host)) << host;
  }
}

TEST(CertifiedKeyTest, TakesASelfSignedChainOfOne) {
  const auto key = TestCa::self_signed(kNames).certified();
  EXPECT_EQ(key->chain_length(), 1U);
  EXPECT_TRUE(key->serves("a.test"));
}

TEST(CertifiedKeyTest, TakesEveryTypeOfKey) {
  const TestCa ca;
  for (const KeyType type : {KeyType::ec256, KeyType::ec384, KeyType::rsa2048}) {
    EXPECT_EQ(ca.leaf(TestLeafPlan{.key_type = type}).certified()->key().type(), type);
  }
}

TEST(CertifiedKeyTest, LeavesTimeAndNamesToOthers) {
  const TestCa ca;
  EXPECT_NO_THROW(ca.expired(kNames).certified());
  EXPECT_NO_THROW(ca.not_yet_valid(kNames).certified());
  EXPECT_NO_THROW(ca.without_intermediate(kNames).certified());
}

TEST(F16_WrongCertificates, ForAnotherKeyOrInAnotherOrderAreRefused) {
  const TestCa ca(2);
  expect_refused(ca.for_another_key(kNames), "for another private key");
  expect_refused(ca.in_wrong_order(kNames), "for another private key");
  const TestChain pair = ca.leaf(kNames);
  const auto blocks = split_certificates(pair.chain);
  expect_refused({blocks[0] + blocks[2] + blocks[1], pair.key},
                 "certificate 1 of the chain is not issued by the one after it");
  expect_refused({blocks[0] + blocks[2], pair.key}, "certificate 1 of the chain is not issued");
  expect_refused({pair.chain + blocks[1], pair.key}, "certificate 3 of the chain is not issued");
  expect_refused({blocks[0] + pair.chain, pair.key}, "certificate 1 of the chain is not issued");
}

TEST(F16_WrongCertificates, SignedByANamesakeOfTheIssuerAreRefused) {
  const TestChain pair = TestCa().leaf(kNames);  // another CA of the same names and other keys
  expect_refused({pair.leaf() + TestCa().intermediates(), pair.key},
                 "certificate 1 of the chain is not issued");
}

TEST(F16_WrongCertificates, AreToldByTheirCaBit) {
  const TestCa ca;
  EXPECT_TRUE(ca.with_ca_bit(kNames).certified()->is_ca());
  EXPECT_FALSE(ca.leaf(kNames).certified()->is_ca());
}

TEST(F16_WrongCertificates, MayHaveTheRootInTheirChain) {
  EXPECT_EQ(TestCa(1).with_root(kNames).certified()->chain_length(), 3U);
}

TEST(F16_WrongCertificates, AreRefusedWhenTheyAreNoneOrTooMany) {
  expect_refused(TestCa(10).leaf(kNames), "more than 10 certificates");
  const TestChain pair = TestCa(1).leaf(kNames);
  expect_refused({"", pair.key}, "empty");
  expect_refused({pair.leaf(), ""}, "empty");
  expect_refused({pair.leaf() + pair.key, pair.key},
                 "\"PRIVATE KEY\" where only plain certificates");
  expect_refused({"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", pair.key},
                 "certificate 1 of the chain is damaged");
  EXPECT_EQ(TestCa(9).leaf(kNames).certified()->chain_length(), 10U);
}

TEST(F17_HostileCertificates, WithBytesBehindTheirContentsAreRefused) {
  const TestChain pair = TestCa::self_signed(kNames);
  const BioPtr in(BIO_new_mem_buf(pair.chain.data(), static_cast<int>(pair.chain.size())));
  const X509Ptr certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  std::string longer(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  longer += "junk";
  const BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio(out.get(), "CERTIFICATE", "", reinterpret_cast<const unsigned char*>(longer.data()),
                static_cast<long>(longer.size()));
  char* data = nullptr;
  const long written = BIO_get_mem_data(out.get(), &data);
  expect_refused({std::string(data, static_cast<std::size_t>(written)), pair.key},
                 "bytes follow inside certificate 1");
}

TEST(F17_HostileCertificates, WithNamesThatAreNoneAreRefused) {
  const std::string names[] = {"",       "a\x1b[2J.test", std::string("a.test\0.evil", 12),
                               "a test", "\xc3\xa4.test", "a.test\n"};
  for (const std::string& name : names) {
    expect_refused(odd_certificate([&](X509* x) { add_san(x, GEN_DNS, name); }),
                   "which is no host name");
  }
  expect_refused(odd_certificate([&](X509* x) { add_san(x, GEN_IPADD, "12345"); }),
                 "an IP address of 5 bytes");
  expect_refused(odd_certificate([&](X509* x) {
                   add_san(x, GEN_DNS, "a.test");
                   add_san(x, GEN_DNS, "b.test");
                 }),
                 "there twice");
}

TEST(CertifiedKeyTest, TakesNamesInAnyCaseAndLeavesOtherKindsOut) {
  const auto upper = odd_certificate([](X509* x) { add_san(x, GEN_DNS, "A_B.Test"); }).certified();
  EXPECT_EQ(upper->names(), (std::vector<Identifier>{{Identifier::Type::dns, "a_b.test"}}));
  const auto mail = odd_certificate([](X509* x) { add_san(x, GEN_EMAIL, "a@b.test"); });
  EXPECT_TRUE(mail.certified()->names().empty());
  EXPECT_TRUE(odd_certificate([](X509*) {}).certified()->names().empty());
}

TEST(F17_HostileCertificates, HaveAPrintableIssuer) {
  const auto named = [](const char* field, const std::string& value) {
    return odd_certificate([&](X509* x) {
             X509_NAME_add_entry_by_txt(X509_get_issuer_name(x), field, MBSTRING_UTF8,
                                        reinterpret_cast<const unsigned char*>(value.data()),
                                        static_cast<int>(value.size()), -1, 0);
           })
        .certified()
        ->issuer();
  };
  EXPECT_EQ(named("CN", "\x1b[2Jevil"), "\\x1b[2Jevil");
  EXPECT_EQ(named("CN", "Z\xc3\xbcrich"), "Z\xc3\xbcrich");
  EXPECT_EQ(named("O", "Some Authority"), "O=Some Authority");
  EXPECT_EQ(named("O", "a\nb").find('\n'), std::string::npos);
}

TEST(CertifiedKeyTest, HoldsValidityWithoutAnEndAt2200) {
  const auto key = odd_certificate([](X509* x) {
                     ASN1_TIME_set_string(X509_getm_notBefore(x), "19500101000000Z");
                     ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z");
                   }).certified();
  EXPECT_EQ(format_rfc3339(key->not_before()), "1950-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(key->not_after()), "2200-01-01T00:00:00Z");
}

TEST(F33_DamagedChains, NeverGiveAnotherLeaf) {
  const TestChain pair = TestCa().leaf(kNames);
  const std::string fingerprint = pair.certified()->fingerprint();
  for (std::size_t i = 0; i < pair.chain.size(); ++i) {
    TestChain damaged = pair;
    damaged.chain[i] = static_cast<char>(damaged.chain[i] ^ 1 << (i % 7));
    try {
      EXPECT_EQ(damaged.certified()->fingerprint(), fingerprint) << i;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::crypto);
    }
  }
}

}  // namespace
}  // namespace autohttps
