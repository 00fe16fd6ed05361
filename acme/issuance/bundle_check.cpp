#include <autohttps/acme/issuance/bundle_check.h>

#include <autohttps/acme/protocol/certificate_identifier.h>
#include <autohttps/common/error.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/timestamps.h>

#include <openssl/err.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

bool covers(const CertifiedKey& key, const Identifier& name) {
  const auto& names = key.names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return true;
  // A wildcard wished for must be there as one; a host may be served by a wildcard.
  return !name.is_wildcard() && key.serves(name.value);
}

[[noreturn]] void refuse(const Bundle& bundle, const std::string& cause) {
  throw Error(ErrorCode::crypto,
              "checking the certificate for " + describe(bundle.names) + ": " + cause,
              "it was not saved and nothing changed; this is the CA's mistake: report it to the "
              "people who run it");
}

}  // namespace

std::shared_ptr<const CertifiedKey> check_bundle(const Bundle& bundle,
                                                 const std::vector<Identifier>& names,
                                                 WallTime now) {
  std::shared_ptr<const CertifiedKey> key;
  try {
    key = CertifiedKey::from_pem(bundle.chain_pem, bundle.key_pem);
  } catch (const Error& error) {
    refuse(bundle, error.what());
  }
  if (const std::string trouble = trouble_with(*key, names); !trouble.empty()) {
    refuse(bundle, trouble);
  }
  if (now < key->not_before()) {
    refuse(bundle, "it is not valid before " + format_rfc3339(key->not_before()));
  }
  if (now >= key->not_after()) refuse(bundle, "it expired " + format_rfc3339(key->not_after()));
  // RELIABILITY I3: with a tenth of its life or less it would be due again before it is served.
  if (key->not_after() - now <= (key->not_after() - key->not_before()) / 10) {
    refuse(bundle,
           "a tenth of its life or less is left: it ends " + format_rfc3339(key->not_after()));
  }
  return key;
}

bool is_for_another_key(const Bundle& bundle) {
  if (bundle.key_pem.empty()) return false;
  try {
    const std::string der = leaf_der(bundle.chain_pem);
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const X509Ptr leaf(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
    const PrivateKey key = PrivateKey::from_pem(bundle.key_pem);
    const bool fits = leaf && X509_check_private_key(leaf.get(), key.handle()) == 1;
    ERR_clear_error();
    return leaf && !fits;
  } catch (const Error&) {
    return false;
  }
}

std::string trouble_with(const CertifiedKey& key, const std::vector<Identifier>& names) {
  if (key.is_ca()) return "it is a CA's certificate, not a server's";
  std::vector<Identifier> missing;
  for (const Identifier& name : names) {
    if (!covers(key, name)) missing.push_back(name);
  }
  if (!missing.empty()) {
    return "it does not cover " + describe(missing) + " (it is for " + describe(key.names()) + ")";
  }
  if (key.chain_length() < 2) return "it comes without its intermediate certificate";
  return {};
}

}  // namespace autohttps::acme
