#include <autohttps/tests/support/scripted_ca_jws.h>

#include <autohttps/common/base64url.h>
#include <autohttps/common/openssl_owners.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>

#include <array>
#include <memory>

namespace autohttps {
namespace {

using EcdsaSignaturePtr = std::unique_ptr<ECDSA_SIG, OpensslDeleter<ECDSA_SIG_free>>;
using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, OpensslDeleter<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpensslDeleter<OSSL_PARAM_free>>;

[[noreturn]] void malformed(const std::string& detail) {
  throw CaProblem("malformed", 400, detail);
}

std::string decoded(const Json& object, const char* name) {
  if (!object.contains(name) || !object.at(name).is_string())
    malformed(std::string(name) + " is missing");
  const auto bytes = base64url_decode(object.at(name).get<std::string>());
  if (!bytes) malformed(std::string(name) + " is not base64url");
  return *bytes;
}

std::string text_of(const Json& object, const char* name) {
  if (!object.contains(name) || !object.at(name).is_string())
    malformed(std::string(name) + " is missing");
  return object.at(name).get<std::string>();
}

BignumPtr number_of(const std::string& bytes) {
  return BignumPtr(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                             static_cast<int>(bytes.size()), nullptr));
}

EvpKeyPtr key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const EvpKeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    throw CaProblem("badPublicKey", 400, "not a key: " + openssl_reason());
  }
  return EvpKeyPtr(key);
}

EvpKeyPtr ec_key(const Json& jwk) {
  const bool p256 = text_of(jwk, "crv") == "P-256";
  if (!p256 && text_of(jwk, "crv") != "P-384")
    throw CaProblem("badPublicKey", 400, "unknown curve");
  const std::string x = decoded(jwk, "x"), y = decoded(jwk, "y");
  const std::size_t length = p256 ? 32 : 48;
  if (x.size() != length || y.size() != length)
    throw CaProblem("badPublicKey", 400, "coordinates of odd length");
  const std::string point = "\x04" + x + y;
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                  p256 ? "P-256" : "P-384", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return key_from("EC", builder.get());
}

EvpKeyPtr rsa_key(const Json& jwk) {
  const BignumPtr n = number_of(decoded(jwk, "n")), e = number_of(decoded(jwk, "e"));
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return key_from("RSA", builder.get());
}

// RFC 7518 3.4 -> what OpenSSL verifies.
std::string der_signature(const std::string& raw, std::size_t length) {
  if (raw.size() != 2 * length) malformed("a signature of odd length");
  const EcdsaSignaturePtr signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), number_of(raw.substr(0, length)).release(),
                 number_of(raw.substr(length)).release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

SignedRequest read_inner_jws(const Json& jws) {
  SignedRequest request;
  try {
    request.header = parse_json(decoded(jws, "protected"), "protected header");
    request.payload = decoded(jws, "payload");
    request.signature = decoded(jws, "signature");
    request.signed_text = text_of(jws, "protected") + "." + text_of(jws, "payload");
    if (jws.contains("header")) malformed("an unprotected header (RFC 8555 6.2 forbids it)");
  } catch (const Error& error) {
    malformed(error.what());
  }
  return request;
}

void verify_mac(const SignedRequest& request, const std::string& key) {
  const std::string algorithm = text_of(request.header, "alg");
  const EVP_MD* digest = algorithm == "HS256"   ? EVP_sha256()
                         : algorithm == "HS384" ? EVP_sha384()
                         : algorithm == "HS512" ? EVP_sha512()
                                                : nullptr;
  if (digest == nullptr) throw CaProblem("badSignatureAlgorithm", 400, algorithm);
  const std::shared_ptr<EVP_PKEY> mac(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, nullptr,
                                   reinterpret_cast<const unsigned char*>(key.data()), key.size()),
      EVP_PKEY_free);
  const EvpMdContextPtr context(EVP_MD_CTX_new());
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  std::size_t size = code.size();
  if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, mac.get()) != 1 ||
      EVP_DigestSign(context.get(), code.data(), &size,
                     reinterpret_cast<const unsigned char*>(request.signed_text.data()),
                     request.signed_text.size()) != 1 ||
      request.signature != std::string(reinterpret_cast<const char*>(code.data()), size)) {
    openssl_reason();
    throw CaProblem("unauthorized", 403, "the external account binding's signature does not fit");
  }
}

SignedRequest read_jws(std::string_view body) {
  Json jws;
  try {
    jws = parse_json(body, "JWS");
  } catch (const Error& error) {
    malformed(error.what());
  }
  SignedRequest request = read_inner_jws(jws);
  const std::string algorithm = text_of(request.header, "alg");
  if (algorithm != "ES256" && algorithm != "ES384" && algorithm != "RS256") {
    throw CaProblem("badSignatureAlgorithm", 400, algorithm);
  }
  if (request.header.contains("jwk") == request.header.contains("kid")) {
    malformed("exactly one of jwk and kid is wanted");
  }
  return request;
}

std::shared_ptr<EVP_PKEY> public_key_of(const Json& jwk) {
  return text_of(jwk, "kty") == "RSA" ? rsa_key(jwk) : ec_key(jwk);
}

void verify_jws(const SignedRequest& request, const Json& jwk) {
  if (jwk.contains("d")) malformed("the private key was sent");
  const std::string algorithm = text_of(request.header, "alg");
  const bool rsa = text_of(jwk, "kty") == "RSA";
  const std::string wanted = rsa ? "RS256" : text_of(jwk, "crv") == "P-256" ? "ES256" : "ES384";
  if (algorithm != wanted)
    throw CaProblem("badSignatureAlgorithm", 400, algorithm + " does not fit the key");
  const std::shared_ptr<EVP_PKEY> key = public_key_of(jwk);
  const std::string signature =
      rsa ? request.signature : der_signature(request.signature, algorithm == "ES256" ? 32 : 48);
  const EvpMdContextPtr context(EVP_MD_CTX_new());
  const EVP_MD* digest = algorithm == "ES384" ? EVP_sha384() : EVP_sha256();
  if (EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) != 1 ||
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(),
                       reinterpret_cast<const unsigned char*>(request.signed_text.data()),
                       request.signed_text.size()) != 1) {
    openssl_reason();
    malformed("the signature does not fit");
  }
}

std::string thumbprint_of(const Json& jwk) {
  const auto member = [&](const char* name) {
    return "\"" + std::string(name) + "\":\"" + text_of(jwk, name) + "\"";
  };
  const std::string canonical =
      text_of(jwk, "kty") == "RSA"
          ? "{" + member("e") + "," + member("kty") + "," + member("n") + "}"
          : "{" + member("crv") + "," + member("kty") + "," + member("x") + "," + member("y") + "}";
  std::array<unsigned char, 32> digest{};
  EVP_Digest(canonical.data(), canonical.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return base64url_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace autohttps
