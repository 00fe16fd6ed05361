#include <autohttps/acme/management/outlook.h>

#include <autohttps/acme/management/renewal_policy.h>
#include <autohttps/acme/store/key_types.h>
#include <autohttps/common/error.h>

#include <algorithm>
#include <utility>

namespace autohttps::acme {
namespace {

// No attempt lasts longer (RELIABILITY I7): one that began before then and has no end died.
constexpr std::chrono::minutes kLongestAttempt{15};

using Step = AttemptPlan::Step;

// Its beginning is written down, its end not yet.
bool is_under_way(const CertificateState& state, WallTime now) {
  if (!state.last_attempt || *state.last_attempt > now ||
      *state.last_attempt <= now - kLongestAttempt) {
    return false;
  }
  const bool succeeded = state.last_success && *state.last_success >= *state.last_attempt;
  const bool failed = state.last_failure && state.last_failure->at >= *state.last_attempt;
  return !succeeded && !failed;
}

bool has_expired(const Generation& current, WallTime now) {
  return std::ranges::any_of(
      current.parts(), [&](const GenerationPart* part) { return part->key->not_after() <= now; });
}

Standing stand(const Outlook& outlook, const AttemptPlan& plan, WallTime now) {
  if (outlook.current && has_expired(*outlook.current, now)) return Standing::expired;
  if (plan.step == Step::nothing) return Standing::ok;
  const bool works = std::ranges::any_of(
      outlook.parts, [&](const OutlookPart& part) { return is_under_way(part.state, now); });
  if (works) return Standing::renewing;
  if (plan.step == Step::wait && plan.binding) return Standing::blocked;
  if (outlook.state.failures > 0) return Standing::retrying;
  return outlook.current ? Standing::due : Standing::none_yet;
}

// What comes next, in words that stand alone.
std::string reason_for(const Outlook& outlook, const AttemptPlan& plan) {
  if (plan.step == Step::issue) return plan.cause;
  return plan.step == Step::wait ? outlook.state.next_reason : plan.reason;
}

// What needs it most comes first; of those that need nothing, the next to be due.
bool is_more_urgent(const AttemptPlan& one, const AttemptPlan& other) {
  const auto rank = [](const AttemptPlan& plan) {
    return plan.step == Step::issue ? 0 : plan.step == Step::wait ? 1 : 2;
  };
  if (rank(one) != rank(other)) return rank(one) < rank(other);
  return one.next.value_or(WallTime::max()) < other.next.value_or(WallTime::max());
}

std::vector<OutlookPart> parts_of(const CertificateStore& certificates, const Outlook& outlook,
                                  WallTime now) {
  std::vector<OutlookPart> parts;
  if (!outlook.spec) return parts;
  for (const KeyType type : outlook.spec->key_types) {
    OutlookPart& part = parts.emplace_back();
    part.key_type = type;
    part.state = certificates.state(outlook.id, further_type(outlook.spec->key_types, type));
    part.plan = plan_attempt(*outlook.spec, type, outlook.current ? &*outlook.current : nullptr,
                             part.state, {}, now);
  }
  return parts;
}

// That which fails, else that which comes next.
const OutlookPart& part_to_tell_of(const std::vector<OutlookPart>& parts) {
  return *std::ranges::min_element(parts, [](const OutlookPart& one, const OutlookPart& other) {
    const bool fails = one.state.failures > 0;
    if (fails != (other.state.failures > 0)) return fails;
    return is_more_urgent(one.plan, other.plan);
  });
}

}  // namespace

std::string_view standing_name(Standing standing) noexcept {
  switch (standing) {
    case Standing::expired:
      return "expired";
    case Standing::blocked:
      return "blocked";
    case Standing::retrying:
      return "retrying";
    case Standing::none_yet:
      return "none yet";
    case Standing::renewing:
      return "renewing";
    case Standing::due:
      return "due";
    case Standing::ok:
      return "ok";
  }
  return "ok";
}

bool needs_a_person(const Outlook& outlook) noexcept {
  if (!outlook.trouble.empty()) return true;
  switch (outlook.standing) {
    case Standing::expired:
    case Standing::blocked:
    case Standing::retrying:
    case Standing::none_yet:
      return true;
    case Standing::renewing:
    case Standing::due:
    case Standing::ok:
      break;
  }
  return false;
}

const GenerationPart* part_in_place(const Outlook& outlook, const OutlookPart& part) {
  return outlook.current ? outlook.current->part(part.key_type) : nullptr;
}

bool is_revoked(const Outlook& outlook, const OutlookPart& part) {
  const GenerationPart* in_place = part_in_place(outlook, part);
  return in_place != nullptr && is_revoked(part.state, *in_place);
}

bool is_revoked(const Outlook& outlook) {
  return std::ranges::any_of(outlook.parts,
                             [&](const OutlookPart& part) { return is_revoked(outlook, part); });
}

Outlook look_at(CertificateStore& certificates, const std::string& id, WallTime now) {
  Outlook outlook;
  outlook.id = id;
  try {
    outlook.spec = certificates.spec(id);
  } catch (const Error& error) {
    outlook.trouble = error.what();
  }
  std::string trouble;
  outlook.current = certificates.current(id, &trouble);
  if (outlook.trouble.empty()) outlook.trouble = trouble;
  if (outlook.trouble.empty() && outlook.current) outlook.trouble = outlook.current->damage;
  outlook.parts = parts_of(certificates, outlook, now);
  outlook.state =
      outlook.parts.empty() ? certificates.state(id) : part_to_tell_of(outlook.parts).state;

  const AttemptPlan plan = plan_of(outlook, {}, now);
  outlook.next = plan.next;
  outlook.reason = reason_for(outlook, plan);
  outlook.standing = stand(outlook, plan, now);
  return outlook;
}

AttemptPlan plan_of(const Outlook& outlook, const AttemptWish& wish, WallTime now) {
  // Without a readable wish there is nothing to plan by: the manager is to say so.
  if (!outlook.spec) return {AttemptPlan::Step::issue, outlook.trouble, {}, now, false};
  std::optional<AttemptPlan> urgent;
  for (const OutlookPart& part : outlook.parts) {
    AttemptPlan plan =
        plan_attempt(*outlook.spec, part.key_type, outlook.current ? &*outlook.current : nullptr,
                     part.state, wish, now);
    if (!urgent || is_more_urgent(plan, *urgent)) urgent = std::move(plan);
  }
  return *std::move(urgent);
}

bool is_poll_due(const Outlook& outlook, WallTime now) {
  return std::ranges::any_of(outlook.parts, [&](const OutlookPart& part) {
    return part.plan.poll && *part.plan.poll <= now;
  });
}

double life_left(const Generation& generation, WallTime now) noexcept {
  double least = 1;
  for (const GenerationPart* part : generation.parts()) {
    least = std::min(least, life_left(part->key->not_before(), part->key->not_after(), now));
  }
  return least;
}

}  // namespace autohttps::acme
