#include <autohttps/acme/protocol/account_key.h>

#include <autohttps/acme/protocol/jws.h>
#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/openssl_owners.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>

#include <limits>

namespace autohttps::acme {
namespace {

using EcdsaSignaturePtr = std::unique_ptr<ECDSA_SIG, OpensslDeleter<ECDSA_SIG_free>>;

BignumPtr number_parameter(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) throw_openssl("reading the account key");
  return BignumPtr(number);
}

// RFC 7518 6.2.1.2: as long as the curve's field, leading zeros kept.
std::string padded(const BIGNUM* number, std::size_t length) {
  std::string bytes(length, '\0');
  if (BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
                   static_cast<int>(length)) < 0) {
    throw_openssl("reading the account key");
  }
  return bytes;
}

// RFC 7518 6.3.1: no leading zeros.
std::string shortest(const BIGNUM* number) {
  return padded(number, static_cast<std::size_t>(BN_num_bytes(number)));
}

// The length of a curve's coordinates; 0: not a curve.
std::size_t field_bytes(KeyType type) {
  return type == KeyType::ec256 ? 32 : type == KeyType::ec384 ? 48 : 0;
}

std::string quoted(std::string_view name, const std::string& bytes) {
  return "\"" + std::string(name) + "\":\"" + base64url_encode(bytes) + "\"";
}

// RFC 7638 3.2: the required members only, in lexicographic order, no white space.
std::string make_jwk(const PrivateKey& key) {
  EVP_PKEY* const handle = key.handle();
  const std::size_t length = field_bytes(key.type());
  if (length == 0) {
    const BignumPtr e = number_parameter(handle, OSSL_PKEY_PARAM_RSA_E);
    const BignumPtr n = number_parameter(handle, OSSL_PKEY_PARAM_RSA_N);
    return "{" + quoted("e", shortest(e.get())) + ",\"kty\":\"RSA\"," +
           quoted("n", shortest(n.get())) + "}";
  }
  const BignumPtr x = number_parameter(handle, OSSL_PKEY_PARAM_EC_PUB_X);
  const BignumPtr y = number_parameter(handle, OSSL_PKEY_PARAM_EC_PUB_Y);
  const std::string curve = length == 32 ? "P-256" : "P-384";
  return "{\"crv\":\"" + curve + "\",\"kty\":\"EC\"," + quoted("x", padded(x.get(), length)) + "," +
         quoted("y", padded(y.get(), length)) + "}";
}

// RFC 7518 3.4: R and S side by side, not OpenSSL's DER.
std::string raw_signature(const std::string& der, std::size_t length) {
  const auto* position = reinterpret_cast<const unsigned char*>(der.data());
  const EcdsaSignaturePtr signature(
      d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(der.size())));
  if (!signature) throw_openssl("signing with the account key");
  return padded(ECDSA_SIG_get0_r(signature.get()), length) +
         padded(ECDSA_SIG_get0_s(signature.get()), length);
}

}  // namespace

AccountKey::AccountKey(PrivateKey key)
    : key_(std::move(key)), jwk_(make_jwk(key_)), thumbprint_(jwk_thumbprint(jwk_)) {}

std::string_view AccountKey::algorithm() const noexcept {
  if (EVP_PKEY_is_a(key_.handle(), "RSA") == 1) return "RS256";
  return EVP_PKEY_get_bits(key_.handle()) > 256 ? "ES384" : "ES256";
}

std::string AccountKey::sign(std::string_view input) const {
  const std::size_t length = field_bytes(key_.type());
  const EVP_MD* digest = length == 48 ? EVP_sha384() : EVP_sha256();
  const EvpMdContextPtr context(EVP_MD_CTX_new());
  const auto* data = reinterpret_cast<const unsigned char*>(input.data());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.handle()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, input.size()) != 1) {
    throw_openssl("signing with the account key");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                     input.size()) != 1) {
    throw_openssl("signing with the account key");
  }
  signature.resize(size);
  return length == 0 ? signature : raw_signature(signature, length);
}

std::string AccountKey::key_authorization(std::string_view token) const {
  return std::string(token) + "." + thumbprint_;
}

}  // namespace autohttps::acme
