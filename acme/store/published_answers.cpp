#include <autohttps/acme/store/published_answers.h>

#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/timestamps.h>

#include <chrono>

namespace autohttps::acme {
namespace {

constexpr std::string_view kFolder = "challenges/http-01";
constexpr std::string_view kAnswer = "challenge answer";
constexpr std::chrono::hours kFarAhead{24};
constexpr std::chrono::hours kLife{1};  // four times the longest attempt
// Key authorizations: the token (128), a dot, a thumbprint (43). RFC 8555 8.1.
constexpr std::size_t kMostBytes = 1024;

std::string key_of(std::string_view token) {
  return std::string(kFolder) + "/" + std::string(token);
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

void PublishedAnswers::sweep() noexcept {
  try {
    for (const std::string& token : store_.list(kFolder)) {
      if (!live(key_of(token))) store_.remove(key_of(token), Store::Survives::process_end);
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
    // A day ahead: the clock was wrong when it was written, or is now. Less than that is a clock
    // that was set meanwhile.
    const WallTime now = clock_.wall();
    if (answer.expires <= now || answer.expires > now + kFarAhead) return std::nullopt;
    return std::move(answer.key_authorization);
  } catch (...) {
    return std::nullopt;  // damaged is not live; no answer is an empty one
  }
}

}  // namespace autohttps::acme
