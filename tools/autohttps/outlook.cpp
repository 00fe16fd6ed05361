#include <autohttps/tools/autohttps/outlook.h>

#include <autohttps/acme/management/renewal_policy.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/spelling.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

// No attempt lasts longer (RELIABILITY I7): one that began before then and has no end died.
constexpr std::chrono::minutes kLongestAttempt{15};

// Its beginning is written down, its end not yet.
bool is_under_way(const acme::CertificateState& state, WallTime now) {
  if (!state.last_attempt || *state.last_attempt > now ||
      *state.last_attempt <= now - kLongestAttempt) {
    return false;
  }
  const bool succeeded = state.last_success && *state.last_success >= *state.last_attempt;
  const bool failed = state.last_failure && state.last_failure->at >= *state.last_attempt;
  return !succeeded && !failed;
}

Standing stand(const Outlook& outlook, const acme::AttemptPlan& plan, WallTime now) {
  if (outlook.current && outlook.current->key->not_after() <= now) return Standing::expired;
  using Step = acme::AttemptPlan::Step;
  if (plan.step == Step::nothing) return Standing::ok;
  if (is_under_way(outlook.state, now)) return Standing::renewing;
  if (plan.step == Step::wait && plan.binding) return Standing::blocked;
  if (outlook.state.failures > 0) return Standing::retrying;
  return outlook.current ? Standing::due : Standing::none_yet;
}

// What comes next, in words that stand alone.
std::string reason_for(const Outlook& outlook, const acme::AttemptPlan& plan) {
  using Step = acme::AttemptPlan::Step;
  if (plan.step == Step::issue) return plan.cause;
  if (plan.step == Step::wait) return outlook.state.next_reason;
  const CertifiedKey& key = *outlook.current->key;
  return acme::renewal_due(key.not_before(), key.not_after(), outlook.state.jitter.value_or(0))
      .reason;
}

Error no_such(const std::string& id, const std::vector<std::string>& ids) {
  const auto near = nearest(id, ids);
  return Error(ErrorCode::config,
               "there is no certificate \"" + printable(id, 200) + "\" in the store",
               near ? "did you mean \"" + *near + "\"?" : "autohttps list shows what there is");
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

Outlook look_at(acme::CertificateStore& certificates, const std::string& id, WallTime now) {
  Outlook outlook;
  outlook.id = id;
  try {
    outlook.spec = certificates.spec(id);
  } catch (const Error& error) {
    outlook.trouble = error.what();
  }
  outlook.state = certificates.state(id);
  std::string trouble;
  outlook.current = certificates.current(id, &trouble);
  if (outlook.trouble.empty()) outlook.trouble = trouble;

  const acme::AttemptPlan plan = plan_of(outlook, {}, now);
  outlook.next = plan.next;
  outlook.reason = reason_for(outlook, plan);
  outlook.standing = stand(outlook, plan, now);
  return outlook;
}

std::vector<Outlook> look_at_all(acme::CertificateStore& certificates,
                                 const std::vector<std::string>& ids, WallTime now) {
  const std::vector<std::string> all = certificates.ids();
  for (const std::string& id : ids) {
    if (!std::ranges::count(all, id)) throw no_such(id, all);
  }
  std::vector<Outlook> outlooks;
  for (const std::string& id : ids.empty() ? all : ids) {
    outlooks.push_back(look_at(certificates, id, now));
  }
  std::ranges::stable_sort(outlooks, {}, &Outlook::standing);
  return outlooks;
}

acme::AttemptPlan plan_of(const Outlook& outlook, const acme::AttemptWish& wish, WallTime now) {
  // Without a readable wish there is nothing to plan by: the manager is to say so.
  if (!outlook.spec) return {acme::AttemptPlan::Step::issue, outlook.trouble, {}, now, false};
  return acme::plan_attempt(*outlook.spec, outlook.current ? &*outlook.current : nullptr,
                            outlook.state, wish, now);
}

double life_left(const acme::Generation& generation, WallTime now) noexcept {
  return acme::life_left(generation.key->not_before(), generation.key->not_after(), now);
}

}  // namespace autohttps::tools
