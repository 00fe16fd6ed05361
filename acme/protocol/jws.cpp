#include <autohttps/acme/protocol/jws.h>

#include <autohttps/common/base64url.h>
#include <autohttps/common/json.h>
#include <autohttps/common/openssl_owners.h>

#include <array>

namespace autohttps::acme {

std::string sign_jws(const AccountKey& key, const JwsHeader& header, std::string_view payload) {
  Json protected_header = {{"alg", key.algorithm()}, {"url", header.url}};
  if (!header.nonce.empty()) protected_header["nonce"] = header.nonce;
  if (header.account.empty()) {
    protected_header["jwk"] = Json::parse(key.jwk());
  } else {
    protected_header["kid"] = header.account;
  }
  const std::string head = base64url_encode(protected_header.dump());
  const std::string body = base64url_encode(payload);
  const std::string signature = base64url_encode(key.sign(head + "." + body));
  // base64url needs no escapes.
  return R"({"payload":")" + body + R"(","protected":")" + head + R"(","signature":")" + signature +
         R"("})";
}

std::string jwk_thumbprint(std::string_view jwk) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(jwk.data(), jwk.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw_openssl("computing the account key's thumbprint");
  }
  return base64url_encode({reinterpret_cast<const char*>(digest.data()), length});
}

}  // namespace autohttps::acme
