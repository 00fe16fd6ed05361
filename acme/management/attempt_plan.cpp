#include <autohttps/acme/management/attempt_plan.h>

#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/acme/management/renewal_policy.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

using Step = AttemptPlan::Step;

// retry_after_failure() waits a day at most; an hour for clocks that are a little off.
constexpr std::chrono::hours kLongestWait{25};
constexpr double kNoJitter = 0;

AttemptPlan waiting(const CertificateState& state, WallTime now) {
  std::string text = "next attempt " + format_relative(*state.next_attempt, now);
  if (!state.next_reason.empty()) text += " (" + state.next_reason + ")";
  if (state.last_failure) text += "; the last one failed: " + state.last_failure->text;
  return {Step::wait, {}, std::move(text), state.next_attempt, state.binding};
}

}  // namespace

std::string validity(const Generation& current, WallTime now) {
  const bool expired = current.key->not_after() <= now;
  return (expired ? "expired " : "valid until ") +
         format_rfc3339(current.key->not_after()).substr(0, 10) + " (" +
         format_relative(current.key->not_after(), now) + ")";
}

std::string unsatisfied(const CertificateSpec& spec, const Generation& generation) {
  const bool listed = std::any_of(spec.cas.begin(), spec.cas.end(), [&](const CaSpec& ca) {
    return ca.directory_url == generation.meta.ca;
  });
  if (!listed) return "CA changed";
  if (generation.key->key().type() != spec.key_types.front()) return "key type changed";
  if (!trouble_with(*generation.key, spec.names).empty()) return "names changed";
  return {};
}

AttemptPlan plan_attempt(const CertificateSpec& spec, const Generation* current,
                         const CertificateState& state, const AttemptWish& wish, WallTime now) {
  std::string cause = current == nullptr ? "first issue" : unsatisfied(spec, *current);
  if (current != nullptr && cause.empty()) {
    const Due due = renewal_due(current->key->not_before(), current->key->not_after(),
                                state.jitter.value_or(kNoJitter));
    if (due.at > now && !wish.force) {
      return {Step::nothing,
              {},
              validity(*current, now) + ", due " + format_relative(due.at, now) + " (" +
                  due.reason + ")",
              due.at,
              false};
    }
    cause = due.at > now ? "forced" : "due";
  }
  const bool waits =
      state.next_attempt && *state.next_attempt > now && *state.next_attempt <= now + kLongestWait;
  if (waits && (state.binding || !wish.person)) return waiting(state, now);
  return {Step::issue, std::move(cause), {}, now, false};
}

}  // namespace autohttps::acme
