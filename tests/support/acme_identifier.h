// The acmeIdentifier extension of a certificate (RFC 8737 3), as OpenSSL finds it.
#pragma once

#include <autohttps/common/openssl_owners.h>

#include <memory>
#include <string>

namespace autohttps {

struct AcmeIdentifier {
  int count = 0;  // of such extensions
  bool critical = false;
  std::string value;  // DER
};

inline AcmeIdentifier acme_identifier(const X509* certificate) {
  AcmeIdentifier found;
  const std::unique_ptr<ASN1_OBJECT, OpensslDeleter<ASN1_OBJECT_free>> object(
      OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1));
  for (int at = -1; (at = X509_get_ext_by_OBJ(certificate, object.get(), at)) >= 0;) {
    X509_EXTENSION* extension = X509_get_ext(certificate, at);
    ++found.count;
    found.critical = X509_EXTENSION_get_critical(extension) == 1;
    const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension);
    found.value.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                       static_cast<std::size_t>(ASN1_STRING_length(value)));
  }
  return found;
}

}  // namespace autohttps
