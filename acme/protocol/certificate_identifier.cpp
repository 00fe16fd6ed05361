#include <autohttps/acme/protocol/certificate_identifier.h>

#include <autohttps/common/base64url.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/pem.h>

#include <openssl/pem.h>

namespace autohttps::acme {
namespace {

// ASN1_INTEGER keeps the number's magnitude; a leading zero that keeps it positive is the DER's.
std::string serial_content(const X509* leaf) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(leaf), &der);
  if (size <= 0) throw_openssl("reading a certificate's serial number");
  const unsigned char* content = der;
  long length = 0;
  int tag = 0, object_class = 0;
  const int header = ASN1_get_object(&content, &length, &tag, &object_class, size);
  const bool readable = (header & 0x80) == 0;
  std::string bytes;
  if (readable)
    bytes.assign(reinterpret_cast<const char*>(content), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  if (!readable) throw_openssl("reading a certificate's serial number");
  return bytes;
}

std::optional<std::string> identifier_of(X509* leaf) {
  const ASN1_OCTET_STRING* issuer = X509_get0_authority_key_id(leaf);
  if (issuer == nullptr || ASN1_STRING_length(issuer) <= 0) return std::nullopt;
  const std::string_view issuer_bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(issuer)),
                                      static_cast<std::size_t>(ASN1_STRING_length(issuer)));
  return base64url_encode(issuer_bytes) + "." + base64url_encode(serial_content(leaf));
}

X509Ptr leaf_of(std::string_view chain_pem) {
  const std::string first = split_certificates(chain_pem).front();
  const BioPtr bio(BIO_new_mem_buf(first.data(), static_cast<int>(first.size())));
  X509Ptr leaf(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!leaf) throw_openssl("reading a certificate");
  return leaf;
}

std::string der_of(X509* leaf) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(leaf, &der);
  if (size <= 0) throw_openssl("encoding a certificate");
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

std::optional<std::string> certificate_identifier(const CertifiedKey& key) {
  return identifier_of(key.certificate(0));
}

std::optional<std::string> certificate_identifier(std::string_view chain_pem) {
  return identifier_of(leaf_of(chain_pem).get());
}

std::string leaf_der(std::string_view chain_pem) { return der_of(leaf_of(chain_pem).get()); }

std::string leaf_der(const CertifiedKey& key) { return der_of(key.certificate(0)); }

}  // namespace autohttps::acme
