// A private key: an account's or a certificate's. Immutable and cheap to copy (shared); any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

typedef struct evp_pkey_st EVP_PKEY;  // OpenSSL's, for our own sources only

namespace autohttps {

enum class KeyType { ec256, ec384, rsa2048, rsa3072, rsa4096 };

std::string_view key_type_name(KeyType) noexcept;  // "ec256" ...
KeyType parse_key_type(std::string_view);          // throws Error(config) listing them

class PrivateKey {
 public:
  static PrivateKey generate(KeyType);  // throws Error(crypto)
  // One unencrypted PEM key (PKCS#8, SEC1, PKCS#1) of a KeyType and nothing else; or a certificate
  // request, for a key whose private half is elsewhere (key_elsewhere.h). Throws Error(crypto).
  static PrivateKey from_pem(std::string_view pem);

  std::string to_pem() const;  // PKCS#8. A secret: only ever for a file of mode 0600
  KeyType type() const;
  bool operator==(const PrivateKey& other) const;  // the same public key

  EVP_PKEY* handle() const noexcept { return key_.get(); }  // borrowed; lives as long as this

 private:
  explicit PrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace autohttps
