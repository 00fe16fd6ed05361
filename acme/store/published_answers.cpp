#include <autohttps/acme/store/published_answers.h>

#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

constexpr std::string_view kFolder = "challenges/http-01";
constexpr std::string_view kTlsAlpnFolder = "challenges/tls-alpn-01";
constexpr std::string_view kPem = ".pem";
constexpr std::string_view kCertificateBegins = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kAnswer = "challenge answer";
constexpr std::chrono::hours kFarAhead{24};
constexpr std::chrono::hours kLife{1};  // four times the longest attempt
// Key authorizations: the token (128), a dot, a thumbprint (43). RFC 8555 8.1.
constexpr std::size_t kMostBytes = 1024;
constexpr std::size_t kMostPemBytes = 16 << 10;  // ours has 1 KiB
constexpr std::size_t kLongestName = 253;        // RFC 1035 2.3.4
// As long as another order may take to prove the same name.
constexpr std::chrono::minutes kLockPatience{2};

std::string key_of(std::string_view token) {
  return std::string(kFolder) + "/" + std::string(token);
}

// As hellos have them: nothing else reaches a path (RELIABILITY F21, F49).
bool is_host_name(std::string_view name) noexcept {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= kLongestName && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_part);
}

void check_host_name(std::string_view name) {
  if (is_host_name(name)) return;
  throw Error(ErrorCode::protocol, in_quotes(name) + " cannot be proven by TLS-ALPN-01");
}

// The longest names do not fit into a key's part with what is around them.
std::string part_of(std::string_view name) {
  constexpr std::size_t kReadable = 120;
  if (name.size() <= kReadable) return std::string(name);
  return std::string(name.substr(0, kReadable)) + "~" + short_hash(name);
}

std::string tls_alpn_key_of(std::string_view name) {
  return std::string(kTlsAlpnFolder) + "/" + part_of(name) + std::string(kPem);
}

struct Answer {
  std::string key_authorization;
  WallTime expires;
};

Answer parse_answer(std::string_view text) {
  const Json object = parse_json(text, kAnswer, kMostBytes);
  const std::optional<WallTime> expires = optional_time(object, "expires", kAnswer);
  if (!expires) throw Error(ErrorCode::protocol, "challenge answer: without an expiry");
  return {string_member(object, "key_authorization", kAnswer), *expires};
}

}  // namespace

void PublishedAnswers::publish(std::string_view token, std::string_view key_authorization) {
  // RELIABILITY F21: foreign text reaches no path before this.
  if (!is_token(token)) {
    throw Error(ErrorCode::protocol, "the CA's challenge token is not one of RFC 8555 8.3");
  }
  store_.put(key_of(token),
             to_text({{"key_authorization", key_authorization},
                      {"expires", format_rfc3339(clock_.wall() + kLife)}}),
             Store::Survives::process_end);
}

void PublishedAnswers::withdraw(std::string_view token) noexcept {
  if (!is_token(token)) return;
  try {
    store_.remove(key_of(token), Store::Survives::process_end);
  } catch (...) {
    // It expires, and sweep() removes it then.
  }
}

std::unique_ptr<StoreLock> PublishedAnswers::lock_tls_alpn(std::string_view name,
                                                           std::stop_token stop) {
  check_host_name(name);
  return store_.lock("tls-alpn-01/" + part_of(name), clock_.steady() + kLockPatience,
                     std::move(stop));
}

void PublishedAnswers::publish_tls_alpn(std::string_view name, std::string_view key_pem,
                                        std::string_view certificate_pem) {
  check_host_name(name);
  store_.put(tls_alpn_key_of(name), std::string(key_pem) + std::string(certificate_pem),
             Store::Survives::process_end);
}

void PublishedAnswers::withdraw_tls_alpn(std::string_view name) noexcept {
  if (!is_host_name(name)) return;
  try {
    store_.remove(tls_alpn_key_of(name), Store::Survives::process_end);
  } catch (...) {
    // It expires, and sweep() removes it then.
  }
}

void PublishedAnswers::sweep() noexcept {
  try {
    for (const std::string& token : store_.list(kFolder)) {
      if (!live(key_of(token))) store_.remove(key_of(token), Store::Survives::process_end);
    }
    for (const std::string& file : store_.list(kTlsAlpnFolder)) {
      const std::string key = std::string(kTlsAlpnFolder) + "/" + file;
      if (!live_tls_alpn(key)) store_.remove(key, Store::Survives::process_end);
    }
  } catch (...) {
    // Nothing depends on it: what has expired is not answered.
  }
}

std::optional<std::string> PublishedAnswers::key_authorization(std::string_view token) const {
  if (!is_token(token)) return std::nullopt;
  std::optional<std::string> answer = live(key_of(token));
  return answer ? answer : live("staging/" + key_of(token));
}

std::optional<std::string> PublishedAnswers::live(const std::string& key) const {
  try {
    const std::optional<std::string> text = store_.get(key);
    if (!text) return std::nullopt;
    Answer answer = parse_answer(*text);
    if (!is_live(answer.expires)) return std::nullopt;
    return std::move(answer.key_authorization);
  } catch (...) {
    return std::nullopt;  // damaged is not live; no answer is an empty one
  }
}

std::shared_ptr<const CertifiedKey> PublishedAnswers::tls_alpn(std::string_view name) const {
  if (!is_host_name(name)) return nullptr;
  std::shared_ptr<const CertifiedKey> answer = live_tls_alpn(tls_alpn_key_of(name));
  return answer ? answer : live_tls_alpn("staging/" + tls_alpn_key_of(name));
}

std::shared_ptr<const CertifiedKey> PublishedAnswers::live_tls_alpn(const std::string& key) const {
  try {
    const std::optional<std::string> text = store_.get(key);
    if (!text || text->size() > kMostPemBytes) return nullptr;
    const std::size_t certificate = text->find(kCertificateBegins);
    if (certificate == std::string::npos) return nullptr;
    const std::string_view pem(*text);
    auto answer = CertifiedKey::from_pem(pem.substr(certificate), pem.substr(0, certificate));
    return is_live(answer->not_after()) ? answer : nullptr;
  } catch (...) {
    return nullptr;
  }
}

// A day ahead: the clock was wrong when it was written, or is now. Less than that is a clock that
// was set meanwhile.
bool PublishedAnswers::is_live(WallTime expires) const {
  const WallTime now = clock_.wall();
  return expires > now && expires <= now + kFarAhead;
}

}  // namespace autohttps::acme
