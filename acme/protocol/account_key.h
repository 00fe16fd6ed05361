// The key an account is (RFC 8555 6.2): signs requests, and its thumbprint is half of every key
// authorization.
#pragma once

#include <autohttps/common/private_key.h>

#include <string>
#include <string_view>

namespace autohttps::acme {

// Immutable: any thread.
class AccountKey {
 public:
  explicit AccountKey(PrivateKey key);  // computes jwk and thumbprint once; throws Error(crypto)

  std::string_view algorithm() const noexcept;  // ES256, ES384 or RS256 (RFC 7518 3.1)
  const std::string& jwk() const noexcept {
    return jwk_;
  }  // members in RFC 7638's order, no spaces
  const std::string& thumbprint() const noexcept { return thumbprint_; }  // RFC 7638, base64url
  std::string sign(std::string_view input) const;  // raw JOSE signature (RFC 7518 3.3, 3.4)
  const PrivateKey& key() const noexcept { return key_; }

  // RFC 8555 8.1: token "." thumbprint. A secret until the CA has asked for it.
  std::string key_authorization(std::string_view token) const;

 private:
  PrivateKey key_;
  std::string jwk_;
  std::string thumbprint_;
};

}  // namespace autohttps::acme
