#include <autohttps/common/key_elsewhere.h>

#include <autohttps/common/openssl_owners.h>

#include <openssl/core_names.h>
#include <openssl/err.h>

namespace autohttps {

bool is_elsewhere(const PrivateKey& key) noexcept {
  const bool rsa = EVP_PKEY_is_a(key.handle(), "RSA") == 1;
  BIGNUM* number = nullptr;
  const int has = EVP_PKEY_get_bn_param(
      key.handle(), rsa ? OSSL_PKEY_PARAM_RSA_D : OSSL_PKEY_PARAM_PRIV_KEY, &number);
  const BignumPtr owner(number);
  ERR_clear_error();
  return has != 1;
}

bool is_request(std::string_view pem) noexcept {
  return pem.starts_with("-----BEGIN CERTIFICATE REQUEST-----");
}

}  // namespace autohttps
