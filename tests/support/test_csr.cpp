#include <autohttps/tests/support/test_csr.h>

#include <autohttps/common/openssl_owners.h>

#include <openssl/x509v3.h>

#include <stdexcept>

namespace autohttps {

std::string make_csr(const PrivateKey& key, const std::vector<Identifier>& names) {
  std::string list;
  for (const Identifier& name : names) {
    list += (list.empty() ? "" : ",");
    list += (name.type == Identifier::Type::dns ? "DNS:" : "IP:") + name.value;
  }
  const X509ReqPtr csr(X509_REQ_new());
  STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
  sk_X509_EXTENSION_push(extensions,
                         X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, list.c_str()));
  X509_REQ_set_pubkey(csr.get(), key.handle());
  X509_REQ_add_extensions(csr.get(), extensions);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  if (X509_REQ_sign(csr.get(), key.handle(), EVP_sha256()) <= 0)
    throw std::runtime_error("signing a CSR");
  unsigned char* der = nullptr;
  const int length = i2d_X509_REQ(csr.get(), &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace autohttps
