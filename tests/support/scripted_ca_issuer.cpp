#include <autohttps/tests/support/scripted_ca_issuer.h>

#include <autohttps/common/openssl_owners.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>

namespace autohttps {
namespace {

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslDeleter<X509_EXTENSION_free>>;
struct ExtensionsFree {
  void operator()(STACK_OF(X509_EXTENSION) * list) const noexcept {
    sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
  }
};

constexpr auto kDay = std::chrono::hours(24);

void must(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string(what) + ": " + openssl_reason());
}

CertificatePlan ca_plan(const std::string& name, WallTime now) {
  CertificatePlan plan;
  plan.common_name = name;
  plan.not_before = now - kDay;
  plan.not_after = now + 3650 * kDay;
  plan.is_ca = true;
  return plan;
}

X509Ptr read_certificate(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  must(certificate != nullptr, "reading an issuer");
  return certificate;
}

std::string write_certificate(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_X509(bio.get(), certificate) == 1, "writing a leaf");
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

void add_extension(X509* leaf, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, leaf, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  must(extension && X509_add_ext(leaf, extension.get(), -1) == 1, "adding an extension");
}

std::string alternative_names(const std::vector<Identifier>& names) {
  std::string text;
  for (const Identifier& name : names) {
    if (!text.empty()) text += ",";
    text += (name.type == Identifier::Type::dns ? "DNS:" : "IP:") + name.value;
  }
  return text;
}

void fill_leaf(X509* leaf, X509* issuer, EVP_PKEY* key, const CertificatePlan& plan) {
  using std::chrono::system_clock;
  const BignumPtr serial(BN_new());
  must(serial && BN_rand(serial.get(), 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(leaf)) != nullptr,
       "making a serial number");
  must(X509_set_version(leaf, X509_VERSION_3) == 1 &&
           X509_set_issuer_name(leaf, X509_get_subject_name(issuer)) == 1 &&
           X509_set_pubkey(leaf, key) == 1 &&
           ASN1_TIME_set(X509_getm_notBefore(leaf), system_clock::to_time_t(plan.not_before)) &&
           ASN1_TIME_set(X509_getm_notAfter(leaf), system_clock::to_time_t(plan.not_after)),
       "filling a leaf");
  if (!plan.names.empty()) {
    add_extension(leaf, issuer, NID_subject_alt_name, "critical," + alternative_names(plan.names));
  }
  add_extension(leaf, issuer, NID_basic_constraints,
                plan.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  add_extension(leaf, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(leaf, issuer, NID_ext_key_usage, "serverAuth");
  add_extension(leaf, issuer, NID_subject_key_identifier, "hash");
  add_extension(leaf, issuer, NID_authority_key_identifier, "keyid");
}

std::string text_of_address(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int length = ASN1_STRING_length(bytes);
  if (length != 4 && length != 16) throw std::runtime_error("an address of odd length");
  inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text.data(),
            text.size());
  return text.data();
}

Identifier identifier_of(const GENERAL_NAME* name) {
  if (name->type == GEN_IPADD) return Identifier::parse(text_of_address(name->d.iPAddress));
  if (name->type != GEN_DNS)
    throw std::runtime_error("a name that is neither dNSName nor iPAddress");
  return Identifier::parse({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                            static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))});
}

std::vector<Identifier> names_of(X509_REQ* csr) {
  const std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionsFree> extensions(
      X509_REQ_get_extensions(csr));
  const GeneralNamesPtr list(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
  if (!list) throw std::runtime_error("no subjectAltName");
  std::vector<Identifier> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
    names.push_back(identifier_of(sk_GENERAL_NAME_value(list.get(), i)));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

CertificateIssuer::CertificateIssuer(WallTime now, const std::string& name)
    : name_(name),
      root_key_(PrivateKey::generate(KeyType::ec256)),
      intermediate_key_(PrivateKey::generate(KeyType::ec256)),
      root_(build_certificate(ca_plan(name + " Root", now), root_key_)),
      intermediate_(build_certificate(ca_plan(name + " Intermediate", now), intermediate_key_,
                                      root_, root_key_)) {}

std::string CertificateIssuer::leaf(EVP_PKEY* public_key, const CertificatePlan& plan) const {
  const X509Ptr issuer = read_certificate(intermediate_);
  const X509Ptr leaf(X509_new());
  must(leaf != nullptr, "making a leaf");
  fill_leaf(leaf.get(), issuer.get(), public_key, plan);
  must(X509_sign(leaf.get(), intermediate_key_.handle(), EVP_sha256()) > 0, "signing a leaf");
  return write_certificate(leaf.get());
}

ParsedCsr parse_csr(std::string_view der) {
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = position + der.size();
  const X509ReqPtr csr(d2i_X509_REQ(nullptr, &position, static_cast<long>(der.size())));
  if (!csr || position != end) throw std::runtime_error("not a certificate request");
  ParsedCsr parsed;
  parsed.key = std::shared_ptr<EVP_PKEY>(X509_REQ_get_pubkey(csr.get()), EVP_PKEY_free);
  if (!parsed.key) throw std::runtime_error("no key we know");
  if (X509_REQ_verify(csr.get(), parsed.key.get()) != 1)
    throw std::runtime_error("the signature does not fit");
  parsed.names = names_of(csr.get());
  return parsed;
}

}  // namespace autohttps
