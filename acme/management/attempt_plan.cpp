#include <autohttps/acme/management/attempt_plan.h>

#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/acme/management/renewal_advice.h>
#include <autohttps/acme/protocol/certificate_identifier.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

using Step = AttemptPlan::Step;

// retry_after_failure() waits a day at most; an hour for clocks that are a little off.
constexpr std::chrono::hours kLongestWait{25};
constexpr double kNoJitter = 0;
// What was had because the CA wanted the one before replaced: a CA that suggests the same of every
// new one, in whatever error, is not asked in a circle (RELIABILITY F41).
constexpr std::chrono::hours kLeastAge{1};
constexpr int kLooksInALife = 12;  // as `setup` arranges it
constexpr int kLeastShare = 10;    // of its life, where that is less

AttemptPlan waiting(const CertificateState& state, WallTime now) {
  std::string text = "next attempt " + format_relative(*state.next_attempt, now);
  if (!state.next_reason.empty()) text += " (" + state.next_reason + ")";
  if (state.last_failure) text += "; the last one failed: " + state.last_failure->text;
  return {Step::wait, {}, std::move(text), state.next_attempt, state.binding};
}

Life life_of(const CertifiedKey& key) { return {key.not_before(), key.not_after()}; }

WallTime earliest_again(const GenerationPart& part, WallTime now) {
  if (part.meta.cause != kSuggestedCause || part.meta.created > now) return WallTime::min();
  const auto life = part.key->not_after() - part.key->not_before();
  return part.meta.created + std::min<WallTime::duration>(kLeastAge, life / kLeastShare);
}

bool has_any(const Generation& current, const std::vector<KeyType>& types) {
  return std::any_of(types.begin(), types.end(),
                     [&](KeyType type) { return current.part(type) != nullptr; });
}

// Why a part has to be had whatever its time; empty: it has not.
std::string need_for(const CertificateSpec& spec, const Generation* current,
                     const GenerationPart* part, const CertificateState& state) {
  if (current == nullptr) return "first issue";
  if (part == nullptr) {
    return has_any(*current, spec.key_types) ? "key type added" : "key type changed";
  }
  std::string cause = unsatisfied(spec, *part);
  if (cause.empty() && is_revoked(state, *part)) cause = kRevokedCause;
  return cause;
}

// What looks at certificates of so short a life looks more often than it says.
std::chrono::seconds until_next_look(const GenerationPart& part, const AttemptWish& wish) {
  const auto life = part.key->not_after() - part.key->not_before();
  return std::min(wish.until_next_look,
                  std::chrono::duration_cast<std::chrono::seconds>(life / kLooksInALife));
}

// Of a part that is as it should be; `issue` only says why.
AttemptPlan by_time(const GenerationPart& part, const CertificateState& state,
                    const AttemptWish& wish, WallTime now) {
  const std::string certificate = certificate_identifier(*part.key).value_or(std::string());
  const Due due = due_of(part, state, now);
  const bool missed = state.advice && state.advice->certificate == certificate &&
                      earliest_again(part, now) <= now &&
                      would_be_missed(*state.advice, now, until_next_look(part, wish));
  if (due.at <= now || missed) {
    const bool suggested = missed || due.reason == kSuggestedCause;
    return {Step::issue, suggested ? std::string(kSuggestedCause) : "due", {}, now, false};
  }
  if (wish.force) return {Step::issue, "forced", {}, now, false};
  AttemptPlan plan{Step::nothing, {}, {}, due.at, false, due.reason};
  plan.text =
      validity(part, now) + ", due " + format_relative(due.at, now) + " (" + due.reason + ")";
  if (!certificate.empty()) plan.poll = next_poll(state.advice, certificate, now);
  return plan;
}

// The user's own request, and a key of our own, are not the same wish.
bool has_wished_key(const CertificateSpec& spec, const PrivateKey& key) {
  if (spec.csr.empty()) return !is_elsewhere(key);
  return is_elsewhere(key) && key == PrivateKey::from_pem(spec.csr);
}

}  // namespace

std::string validity(const GenerationPart& part, WallTime now) {
  const bool expired = part.key->not_after() <= now;
  return (expired ? "expired " : "valid until ") +
         format_rfc3339(part.key->not_after()).substr(0, 10) + " (" +
         format_relative(part.key->not_after(), now) + ")";
}

std::string unsatisfied(const CertificateSpec& spec, const GenerationPart& part) {
  const bool listed = std::any_of(spec.cas.begin(), spec.cas.end(), [&](const CaSpec& ca) {
    return ca.directory_url == part.meta.ca;
  });
  if (!listed) return "CA changed";
  const auto& types = spec.key_types;
  if (std::find(types.begin(), types.end(), part.key->key().type()) == types.end()) {
    return "key type changed";
  }
  if (!has_wished_key(spec, part.key->key())) return "request changed";
  if (!trouble_with(*part.key, spec.names).empty()) return "names changed";
  return {};
}

bool is_revoked(const CertificateState& state, const GenerationPart& part) {
  return std::ranges::count(state.revoked, part.key->fingerprint(),
                            &RevokedCertificate::fingerprint) > 0;
}

bool is_compromised(const CertificateState& state, const GenerationPart& part) {
  return std::ranges::count(state.revoked, RevokedCertificate{part.key->fingerprint(), true}) > 0;
}

Due due_of(const GenerationPart& part, const CertificateState& state, WallTime now) {
  const CertifiedKey& key = *part.key;
  const std::string certificate = certificate_identifier(key).value_or(std::string());
  if (!certificate.empty()) {
    if (auto due = suggested_due(state.advice, certificate, life_of(key))) {
      due->at = std::max(due->at, earliest_again(part, now));
      return *due;
    }
  }
  return renewal_due(key.not_before(), key.not_after(), state.jitter.value_or(kNoJitter));
}

AttemptPlan plan_attempt(const CertificateSpec& spec, KeyType type, const Generation* current,
                         const CertificateState& state, const AttemptWish& wish, WallTime now) {
  const GenerationPart* part = current == nullptr ? nullptr : current->part(type);
  AttemptPlan plan{Step::issue, need_for(spec, current, part, state), {}, now, false};
  if (plan.cause.empty()) plan = by_time(*part, state, wish, now);
  if (plan.step == Step::nothing) return plan;
  const bool waits =
      state.next_attempt && *state.next_attempt > now && *state.next_attempt <= now + kLongestWait;
  if (waits && (state.binding || !wish.person)) return waiting(state, now);
  return plan;
}

}  // namespace autohttps::acme
