#include <autohttps/common/certificate_builder.h>

#include <autohttps/common/error.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/pem.h>

#include <openssl/pem.h>

#include <arpa/inet.h>

#include <array>
#include <cstddef>

namespace autohttps {
namespace {

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslDeleter<X509_EXTENSION_free>>;
using OctetStringPtr = std::unique_ptr<ASN1_OCTET_STRING, OpensslDeleter<ASN1_OCTET_STRING_free>>;
using ObjectPtr = std::unique_ptr<ASN1_OBJECT, OpensslDeleter<ASN1_OBJECT_free>>;
using KeyIdPtr = std::unique_ptr<AUTHORITY_KEYID, OpensslDeleter<AUTHORITY_KEYID_free>>;

[[noreturn]] void fail() { throw_openssl("making a certificate"); }
void must(bool done) {
  if (!done) fail();
}

X509Ptr read_issuer(std::string_view pem) {
  const std::string block = split_certificates(pem).front();
  const BioPtr bio(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())));
  must(bio != nullptr);
  X509Ptr issuer(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  must(issuer != nullptr);
  return issuer;
}

void set_serial(X509* certificate) {
  // 127 bits: positive and within the 20 octets of RFC 5280 4.1.2.2; zero would be a bad
  // generator's.
  const BignumPtr number(BN_new());
  must(number && BN_rand(number.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1);
  must(BN_is_zero(number.get()) == 0);
  must(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

void set_subject(X509* certificate, const std::string& common_name) {
  if (common_name.empty()) return;
  must(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(common_name.data()),
                                  static_cast<int>(common_name.size()), -1, 0) == 1);
}

void set_validity(X509* certificate, const CertificatePlan& plan) {
  using std::chrono::system_clock;
  must(ASN1_TIME_set(X509_getm_notBefore(certificate), system_clock::to_time_t(plan.not_before)) !=
       nullptr);
  must(ASN1_TIME_set(X509_getm_notAfter(certificate), system_clock::to_time_t(plan.not_after)) !=
       nullptr);
}

void add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string address_bytes(const std::string& text) {
  std::array<char, 16> bytes{};
  const bool v6 = text.find(':') != std::string::npos;
  must(::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) == 1);
  return std::string(bytes.data(), v6 ? 16 : 4);
}

void add_name(GENERAL_NAMES* names, const Identifier& identifier) {
  const bool dns = identifier.type == Identifier::Type::dns;
  const std::string value = dns ? identifier.value : address_bytes(identifier.value);
  GENERAL_NAME* name = GENERAL_NAME_new();
  must(name != nullptr);
  if (sk_GENERAL_NAME_push(names, name) <= 0) {
    GENERAL_NAME_free(name);
    fail();
  }
  ASN1_STRING* string = dns ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
  must(string != nullptr);
  GENERAL_NAME_set0_value(name, dns ? GEN_DNS : GEN_IPADD, string);
  must(ASN1_STRING_set(string, value.data(), static_cast<int>(value.size())) == 1);
}

void add_names(X509* certificate, const CertificatePlan& plan) {
  if (plan.names.empty()) return;
  const GeneralNamesPtr names(GENERAL_NAMES_new());
  must(names != nullptr);
  for (const Identifier& identifier : plan.names) add_name(names.get(), identifier);
  const int critical =
      plan.common_name.empty() ? 1 : 0;  // RFC 5280 4.2.1.6: when the subject is empty
  must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), critical, 0) == 1);
}

// The issuer's key identifier; a self-signed certificate needs none (RFC 5280 4.2.1.1), but has it
// all the same.
void add_authority_key(X509* certificate, X509* issuer) {
  // From the extension itself: X509_get0_subject_key_id knows none before the certificate is
  // signed.
  OctetStringPtr id(static_cast<ASN1_OCTET_STRING*>(
      X509_get_ext_d2i(issuer, NID_subject_key_identifier, nullptr, nullptr)));
  if (!id) return;
  const KeyIdPtr authority(AUTHORITY_KEYID_new());
  must(authority != nullptr);
  authority->keyid = id.release();
  must(X509_add1_ext_i2d(certificate, NID_authority_key_identifier, authority.get(), 0, 0) == 1);
}

// RFC 8737 3: "critical", and "Authorization ::= OCTET STRING (SIZE (32))".
void add_acme_identifier(X509* certificate, const std::string& digest) {
  constexpr const char* kAcmeIdentifier = "1.3.6.1.5.5.7.1.31";  // id-pe-acmeIdentifier
  constexpr std::size_t kDigestBytes = 32;
  if (digest.empty()) return;
  if (digest.size() != kDigestBytes) {
    throw Error(ErrorCode::internal, "making a certificate: an acmeIdentifier of " +
                                         std::to_string(digest.size()) + " bytes");
  }
  constexpr char kHeader[] = {V_ASN1_OCTET_STRING, kDigestBytes};  // DER
  const std::string der = std::string(kHeader, sizeof kHeader) + digest;
  const OctetStringPtr value(ASN1_OCTET_STRING_new());
  must(value && ASN1_STRING_set(value.get(), der.data(), static_cast<int>(der.size())) == 1);
  const ObjectPtr object(OBJ_txt2obj(kAcmeIdentifier, 1));
  must(object != nullptr);
  const ExtensionPtr extension(X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 1, value.get()));
  must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string to_pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  must(bio && PEM_write_bio_X509(bio.get(), certificate) == 1);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

// issuer: null for self-signed.
std::string build(const CertificatePlan& plan, const PrivateKey& key, X509* issuer,
                  const PrivateKey& issuer_key) {
  const X509Ptr owner(X509_new());
  X509* certificate = owner.get();
  must(certificate && X509_set_version(certificate, X509_VERSION_3) == 1);
  set_serial(certificate);
  set_subject(certificate, plan.common_name);
  X509* signer = issuer != nullptr ? issuer : certificate;
  must(X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1);
  set_validity(certificate, plan);
  must(X509_set_pubkey(certificate, key.handle()) == 1);
  add_extension(certificate, NID_basic_constraints,
                plan.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(certificate, NID_key_usage,
                plan.is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  if (!plan.is_ca) add_extension(certificate, NID_ext_key_usage, "serverAuth");
  add_extension(certificate, NID_subject_key_identifier, "hash");
  add_authority_key(certificate, signer);
  add_names(certificate, plan);
  add_acme_identifier(certificate, plan.acme_identifier);
  must(X509_sign(certificate, issuer_key.handle(), EVP_sha256()) > 0);
  return to_pem(certificate);
}

}  // namespace

std::string build_certificate(const CertificatePlan& plan, const PrivateKey& key) {
  return build(plan, key, nullptr, key);
}

std::string build_certificate(const CertificatePlan& plan, const PrivateKey& key,
                              std::string_view issuer_pem, const PrivateKey& issuer_key) {
  const X509Ptr issuer = read_issuer(issuer_pem);
  return build(plan, key, issuer.get(), issuer_key);
}

}  // namespace autohttps
