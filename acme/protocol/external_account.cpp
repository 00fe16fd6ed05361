#include <autohttps/acme/protocol/external_account.h>

#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/strings.h>

#include <openssl/hmac.h>

#include <algorithm>
#include <array>

namespace autohttps::acme {
namespace {

struct Algorithm {
  BindingAlgorithm algorithm;
  std::string_view name;
  const EVP_MD* (*digest)();
};
constexpr std::array<Algorithm, 3> kAlgorithms = {{{BindingAlgorithm::hs256, "HS256", EVP_sha256},
                                                   {BindingAlgorithm::hs384, "HS384", EVP_sha384},
                                                   {BindingAlgorithm::hs512, "HS512", EVP_sha512}}};
constexpr std::size_t kMostKeyIdBytes = 1000;
constexpr std::size_t kMostKeyBytes = 4096;  // CAs give 32 to 64

constexpr const char* kWhereFrom =
    "copy key id and HMAC key from the CA's web site once more (its page on ACME or EAB "
    "credentials)";

const Algorithm& entry_of(BindingAlgorithm algorithm) {
  return *std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                       [&](const Algorithm& entry) { return entry.algorithm == algorithm; });
}

[[noreturn]] void refuse(const std::string& cause, const std::string& hint = kWhereFrom) {
  throw Error(ErrorCode::config, "the external account binding: " + cause, hint);
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The text without what copying puts around it, in base64url's alphabet: some sites show base64's.
std::string plain_base64url(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && (is_blank(text.back()) || text.back() == '=')) text.remove_suffix(1);
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '+', '-');
  std::replace(plain.begin(), plain.end(), '/', '_');
  return plain;
}

Secret decode_key(const Secret& text) {
  if (text.bytes().size() > kMostKeyBytes) refuse("the HMAC key is longer than any CA's");
  std::string plain = plain_base64url(text.bytes());
  auto bytes = base64url_decode(plain);
  const bool nothing = plain.empty();
  wipe(plain);
  if (nothing) refuse("the HMAC key is empty");
  if (!bytes) refuse("the HMAC key is not base64url");
  Secret key(*bytes);
  wipe(*bytes);
  return key;
}

std::string authenticate(const ExternalAccount& account, const std::string& text) {
  const std::string_view key = account.key.bytes();
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned length = 0;
  if (HMAC(entry_of(account.algorithm).digest(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(),
           &length) == nullptr) {
    throw_openssl("signing the external account binding");
  }
  return {reinterpret_cast<const char*>(code.data()), length};
}

}  // namespace

std::string_view binding_algorithm_name(BindingAlgorithm algorithm) noexcept {
  return entry_of(algorithm).name;
}

BindingAlgorithm parse_binding_algorithm(std::string_view text) {
  for (const Algorithm& entry : kAlgorithms) {
    if (equals_ignoring_case(entry.name, text)) return entry.algorithm;
  }
  refuse("\"" + printable(text, 40) + "\" is no algorithm for it",
         "HS256, HS384 or HS512; HS256 where the CA says nothing");
}

ExternalAccount read_external_account(std::string_view key_id, std::string_view algorithm,
                                      const Secret& key_text) {
  ExternalAccount account;
  while (!key_id.empty() && is_blank(key_id.front())) key_id.remove_prefix(1);
  while (!key_id.empty() && is_blank(key_id.back())) key_id.remove_suffix(1);
  if (key_id.empty()) refuse("the key id is empty");
  if (key_id.size() > kMostKeyIdBytes) refuse("the key id is longer than any CA's");
  if (printable(key_id, kMostKeyIdBytes) != key_id) {
    refuse("the key id \"" + printable(key_id, 100) + "\" holds characters that no key id has");
  }
  account.key_id = key_id;
  account.algorithm = parse_binding_algorithm(algorithm);
  account.key = decode_key(key_text);
  return account;
}

std::string external_account_binding(const ExternalAccount& account, const AccountKey& key,
                                     std::string_view new_account_url) {
  // 7.3.4: "The "alg" field MUST indicate a MAC-based algorithm. The "kid" field MUST contain the
  // key identifier provided by the CA. The "nonce" field MUST NOT be present. The "url" field MUST
  // be set to the same value as the outer JWS".
  const Json head_members = {{"alg", binding_algorithm_name(account.algorithm)},
                             {"kid", account.key_id},
                             {"url", new_account_url}};
  const std::string head = base64url_encode(head_members.dump());
  const std::string body = base64url_encode(key.jwk());
  const std::string code = base64url_encode(authenticate(account, head + "." + body));
  return R"({"payload":")" + body + R"(","protected":")" + head + R"(","signature":")" + code +
         R"("})";
}

}  // namespace autohttps::acme
