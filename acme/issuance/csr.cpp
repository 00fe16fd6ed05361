#include <autohttps/acme/issuance/csr.h>

#include <autohttps/common/openssl_owners.h>

#include <memory>

namespace autohttps::acme {
namespace {

struct ExtensionsFree {
  void operator()(STACK_OF(X509_EXTENSION) * extensions) const noexcept {
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  }
};
using ExtensionsPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionsFree>;
using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, OpensslDeleter<GENERAL_NAME_free>>;

void must(bool done) {
  if (!done) throw_openssl("making a certificate request");
}

GeneralNamePtr general_name(const Identifier& name) {
  const bool dns = name.type == Identifier::Type::dns;
  // Not a configuration string ("DNS:a,IP:b"): values are passed as they are, never parsed again.
  GeneralNamePtr general(a2i_GENERAL_NAME(nullptr, nullptr, nullptr, dns ? GEN_DNS : GEN_IPADD,
                                          name.value.c_str(), 0));
  must(general != nullptr);
  return general;
}

void add_names(X509_REQ* request, const std::vector<Identifier>& names) {
  const GeneralNamesPtr general(sk_GENERAL_NAME_new_null());
  must(general != nullptr);
  for (const Identifier& name : names) {
    GeneralNamePtr one = general_name(name);
    must(sk_GENERAL_NAME_push(general.get(), one.get()) > 0);
    static_cast<void>(one.release());  // it is the list's now
  }
  STACK_OF(X509_EXTENSION)* list = nullptr;
  const bool added = X509V3_add1_i2d(&list, NID_subject_alt_name, general.get(), 0, 0) == 1;
  const ExtensionsPtr extensions(list);
  must(added && X509_REQ_add_extensions(request, extensions.get()) == 1);
}

}  // namespace

std::string certificate_request(const std::vector<Identifier>& names, const PrivateKey& key) {
  const X509ReqPtr request(X509_REQ_new());
  must(request != nullptr);
  must(X509_REQ_set_version(request.get(), 0) == 1);  // RFC 2986 4.1: v1 is 0
  must(X509_REQ_set_pubkey(request.get(), key.handle()) == 1);
  add_names(request.get(), names);
  const EVP_MD* digest = key.type() == KeyType::ec384 ? EVP_sha384() : EVP_sha256();
  must(X509_REQ_sign(request.get(), key.handle(), digest) > 0);

  unsigned char* der = nullptr;
  const int length = i2d_X509_REQ(request.get(), &der);
  must(length > 0);
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace autohttps::acme
