#include <autohttps/acme/store/certificate_state.h>

#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <cstdint>

namespace autohttps::acme {
namespace {

constexpr std::string_view kState = "state.json";
constexpr std::size_t kMostRevoked = 10;           // more than the generations that are kept
constexpr std::int64_t kMostFailures = 1'000'000;  // more than a lifetime of them

void add_time(Json& object, const char* name, const std::optional<WallTime>& time) {
  if (time) object[name] = format_rfc3339(*time);
}

std::optional<Failure> parse_failure(const Json& object) {
  const auto member = object.find("last_failure");
  if (member == object.end() || member->is_null()) return std::nullopt;
  const std::optional<WallTime> at = optional_time(*member, "at", kState);
  if (!at) throw Error(ErrorCode::protocol, "state.json: \"last_failure\" has no time");
  return Failure{*at, string_member(*member, "code", kState),
                 string_member(*member, "text", kState),
                 optional_string(*member, "hint", kState).value_or("")};
}

std::optional<double> parse_jitter(const Json& object) {
  const auto member = object.find("jitter");
  if (member == object.end() || member->is_null()) return std::nullopt;
  const double jitter = member->is_number() ? member->get<double>() : -1;
  if (jitter >= 0 && jitter <= 1) return jitter;
  throw Error(ErrorCode::protocol, "state.json: \"jitter\" is not a number from 0 to 1");
}

Json to_json(const RenewalAdvice& advice) {
  Json object = {{"certificate", advice.certificate},
                 {"explanation", advice.explanation},
                 {"failures", advice.failures},
                 {"trouble", advice.trouble}};
  add_time(object, "start", advice.start);
  add_time(object, "end", advice.end);
  add_time(object, "pick", advice.pick);
  add_time(object, "next_poll", advice.next_poll);
  return object;
}

int count_member(const Json& object) {
  const std::int64_t failures = integer_or(object, "failures", 0, kState);
  if (failures < 0) throw Error(ErrorCode::protocol, "state.json: \"failures\" is below 0");
  return static_cast<int>(std::min(failures, kMostFailures));
}

std::optional<RenewalAdvice> parse_advice(const Json& state) {
  const auto object = state.find("renewal_info");
  if (object == state.end() || object->is_null()) return std::nullopt;
  RenewalAdvice advice;
  advice.certificate = string_member(*object, "certificate", kState);
  advice.start = optional_time(*object, "start", kState);
  advice.end = optional_time(*object, "end", kState);
  advice.pick = optional_time(*object, "pick", kState);
  advice.explanation = optional_string(*object, "explanation", kState).value_or("");
  advice.next_poll = optional_time(*object, "next_poll", kState);
  advice.failures = count_member(*object);
  advice.trouble = optional_string(*object, "trouble", kState).value_or("");
  return advice;
}

Json to_json(const std::vector<RevokedCertificate>& revoked) {
  Json list = Json::array();
  for (const RevokedCertificate& certificate : revoked) {
    list.push_back(
        {{"sha256", certificate.fingerprint}, {"key_compromise", certificate.key_compromise}});
  }
  return list;
}

std::vector<RevokedCertificate> parse_revoked(const Json& state) {
  const auto member = state.find("revoked");
  if (member == state.end() || member->is_null()) return {};
  if (member->is_string()) return {{member->get<std::string>()}};  // as it was written once
  if (!member->is_array()) throw Error(ErrorCode::protocol, "state.json: \"revoked\" is no list");
  std::vector<RevokedCertificate> revoked;
  for (const Json& entry : *member) {
    if (revoked.size() == kMostRevoked) break;
    revoked.push_back(
        {string_member(entry, "sha256", kState), bool_or(entry, "key_compromise", false, kState)});
  }
  return revoked;
}

}  // namespace

void note_revoked(CertificateState& state, const RevokedCertificate& certificate) {
  const auto known =
      std::ranges::find(state.revoked, certificate.fingerprint, &RevokedCertificate::fingerprint);
  if (known != state.revoked.end()) {
    known->key_compromise = known->key_compromise || certificate.key_compromise;
    return;
  }
  if (state.revoked.size() == kMostRevoked) state.revoked.erase(state.revoked.begin());
  state.revoked.push_back(certificate);
}

std::string to_json_text(const CertificateState& state) {
  Json object = {
      {"failures", state.failures}, {"next_reason", state.next_reason}, {"binding", state.binding}};
  add_time(object, "last_attempt", state.last_attempt);
  add_time(object, "last_success", state.last_success);
  add_time(object, "next_attempt", state.next_attempt);
  if (state.jitter) object["jitter"] = *state.jitter;
  if (state.advice) object["renewal_info"] = to_json(*state.advice);
  if (!state.revoked.empty()) object["revoked"] = to_json(state.revoked);
  if (state.last_failure) {
    object["last_failure"] = {{"at", format_rfc3339(state.last_failure->at)},
                              {"code", state.last_failure->code},
                              {"text", state.last_failure->text},
                              {"hint", state.last_failure->hint}};
  }
  return to_text(object);
}

CertificateState parse_certificate_state(std::string_view json) {
  const Json object = parse_json(json, kState);
  CertificateState state;
  state.failures = count_member(object);
  state.last_attempt = optional_time(object, "last_attempt", kState);
  state.last_success = optional_time(object, "last_success", kState);
  state.next_attempt = optional_time(object, "next_attempt", kState);
  state.next_reason = optional_string(object, "next_reason", kState).value_or("");
  state.binding = bool_or(object, "binding", false, kState);
  state.last_failure = parse_failure(object);
  state.jitter = parse_jitter(object);
  state.advice = parse_advice(object);
  state.revoked = parse_revoked(object);
  return state;
}

}  // namespace autohttps::acme
