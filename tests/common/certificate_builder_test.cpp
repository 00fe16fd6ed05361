#include <autohttps/common/certificate_builder.h>
#include <autohttps/common/certified_key.h>
#include <autohttps/common/error.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/pem.h>
#include <autohttps/tests/support/test_certificates.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <set>
#include <string>

namespace autohttps {
namespace {

using std::chrono::hours;

X509Ptr read(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

struct StackFree {
  void operator()(STACK_OF(X509) * stack) const noexcept { OSSL_STACK_OF_X509_free(stack); }
  static void OSSL_STACK_OF_X509_free(STACK_OF(X509) * stack) {
    sk_X509_pop_free(stack, X509_free);
  }
};

// What OpenSSL thinks of a chain (leaf first) for a host, as a client with this one root: X509_V_OK
// or an error.
int verify(const std::string& chain, const std::string& root, const char* host) {
  const auto blocks = split_certificates(chain);
  const X509Ptr leaf = read(blocks.front());
  const std::unique_ptr<STACK_OF(X509), StackFree> others(sk_X509_new_null());
  for (std::size_t i = 1; i < blocks.size(); ++i)
    sk_X509_push(others.get(), read(blocks[i]).release());
  const X509StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), read(root).get());
  const X509StoreContextPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), others.get());
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host) != 1) {
    X509_VERIFY_PARAM_set1_host(parameters, host, 0);
  }
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

CertificatePlan plan_for(const std::vector<std::string>& names) {
  const WallTime now = std::chrono::system_clock::now();
  CertificatePlan plan;
  plan.names = parse_identifiers(names);
  plan.not_before = now - hours(1);
  plan.not_after = now + hours(24);
  return plan;
}

TEST(CertificateBuilderTest, OpensslVerifiesItsChains) {
  for (const std::size_t intermediates : {0U, 1U, 3U}) {
    const TestCa ca(intermediates);
    const TestChain leaf = ca.leaf({"a.test", "*.b.test", "192.0.2.1", "2001:db8::1"});
    for (const char* host : {"a.test", "x.b.test", "192.0.2.1", "2001:db8::1"}) {
      EXPECT_EQ(verify(leaf.chain, ca.root(), host), X509_V_OK) << host;
    }
    EXPECT_EQ(verify(leaf.chain, ca.root(), "b.test"), X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_EQ(verify(leaf.chain, ca.root(), "192.0.2.2"), X509_V_ERR_IP_ADDRESS_MISMATCH);
    EXPECT_NE(verify(leaf.chain, TestCa().root(), "a.test"), X509_V_OK);
  }
}

TEST(CertificateBuilderTest, AnAcmeIdentifierHasThirtyTwoBytesOrIsNotThere) {
  CertificatePlan plan = plan_for({"a.test"});
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const auto extensions = [&] {
    return X509_get_ext_count(read(build_certificate(plan, key)).get());
  };
  const int without = extensions();
  plan.acme_identifier = std::string(32, 'x');
  EXPECT_EQ(extensions(), without + 1);
  plan.acme_identifier = "short";
  EXPECT_TRUE(thrown_error([&] { build_certificate(plan, key); }));
}

TEST(CertificateBuilderTest, SignsForAndWithEveryKindOfKey) {
  const TestCa ca;
  for (const KeyType type : {KeyType::ec384, KeyType::rsa2048}) {
    const TestChain leaf = ca.leaf(TestLeafPlan{.key_type = type});
    EXPECT_EQ(verify(leaf.chain, ca.root(), "a.test"), X509_V_OK);
    EXPECT_EQ(leaf.certified()->key().type(), type);
  }
  const PrivateKey rsa = PrivateKey::generate(KeyType::rsa2048);
  const std::string pem = build_certificate(plan_for({"a.test"}), rsa);
  EXPECT_EQ(CertifiedKey::from_pem(pem, rsa.to_pem())->chain_length(), 1U);
}

TEST(F16_WrongCertificates, AreWrongForOpensslToo) {
  const TestCa ca;
  const std::vector<std::string> names = {"a.test"};
  EXPECT_EQ(verify(ca.expired(names).chain, ca.root(), "a.test"), X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(verify(ca.not_yet_valid(names).chain, ca.root(), "a.test"),
            X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(verify(ca.without_intermediate(names).chain, ca.root(), "a.test"),
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
  EXPECT_NE(verify(TestCa::self_signed(names).chain, ca.root(), "a.test"), X509_V_OK);
  EXPECT_EQ(verify(ca.with_root(names).chain, ca.root(), "a.test"), X509_V_OK);
  EXPECT_EQ(X509_check_ca(read(ca.with_ca_bit(names).leaf()).get()), 1);
}

TEST(CertificateBuilderTest, FollowsRfc5280) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  CertificatePlan plan = plan_for({"a.test"});
  const X509Ptr leaf = read(build_certificate(plan, key));
  EXPECT_EQ(X509_get_version(leaf.get()), X509_VERSION_3);
  EXPECT_EQ(X509_get_signature_nid(leaf.get()), NID_ecdsa_with_SHA256);
  EXPECT_EQ(X509_get_extended_key_usage(leaf.get()), XKU_SSL_SERVER);
  EXPECT_EQ(X509_get_key_usage(leaf.get()), KU_DIGITAL_SIGNATURE);
  EXPECT_NE(X509_get0_subject_key_id(leaf.get()), nullptr);
  EXPECT_NE(X509_get0_authority_key_id(leaf.get()), nullptr);
  // 4.2.1.6: critical when the subject is empty, and not otherwise
  const auto critical = [](X509* certificate) {
    return X509_EXTENSION_get_critical(
        X509_get_ext(certificate, X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1)));
  };
  EXPECT_EQ(critical(leaf.get()), 1);
  plan.common_name = "a.test";
  EXPECT_EQ(critical(read(build_certificate(plan, key)).get()), 0);
}

TEST(CertificateBuilderTest, DrawsASerialOfAtMost127Bits) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  std::set<std::string> serials;
  for (int i = 0; i < 50; ++i) {
    const std::string pem = build_certificate(plan_for({"a.test"}), key);
    const X509Ptr certificate = read(pem);
    const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
    EXPECT_LE(ASN1_STRING_length(serial), 16);
    serials.insert(CertifiedKey::from_pem(pem, key.to_pem())->serial());
  }
  EXPECT_EQ(serials.size(), 50U);
}

TEST(CertificateBuilderTest, SaysWhyItCannot) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  CertificatePlan plan = plan_for({"a.test"});
  plan.common_name = std::string(65, 'a');  // X.520: at most 64
  const auto error = thrown_error([&] { build_certificate(plan, key); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::crypto);
  EXPECT_EQ(std::string(error->what()).rfind("making a certificate: ", 0), 0U) << error->what();
  EXPECT_TRUE(thrown_error([&] { build_certificate(plan_for({"a.test"}), key, "junk", key); }));
}

}  // namespace
}  // namespace autohttps
