#include <autohttps/tools/autohttps/survey.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <utility>

namespace autohttps::tools {
namespace {

using Served = Survey::Served;

void look_at_hooks(Survey& survey, const acme::CertificateStore& certificates) {
  const Outlook& outlook = survey.outlook;
  if (outlook.current) {
    survey.hooks = certificates.hook_records(outlook.id, outlook.current->number).hooks;
  }
  if (outlook.state.failures == 0 || !outlook.state.last_failure) return;
  const acme::HookRecords failed = certificates.hook_records(outlook.id, std::nullopt);
  if (failed.failure != outlook.state.last_failure->at) return;
  survey.hooks.insert(survey.hooks.end(), failed.hooks.begin(), failed.hooks.end());
}

void look_at_limits(Survey& survey, acme::CertificateStore& certificates, WallTime now) {
  if (!survey.outlook.spec || survey.outlook.spec->cas.empty()) return;
  const acme::CertificateSpec& spec = *survey.outlook.spec;
  const acme::CaSpec& ca = spec.cas.front();
  try {
    const auto limits = acme::Limits::preset(ca.limits.empty() ? "conservative" : ca.limits);
    const acme::Ledger ledger(certificates.store(), ca.directory_url);
    const auto entries = ledger.since(now - acme::kLedgerSpan);
    for (const KeyType type : spec.key_types) {
      for (acme::Allowance& allowance : acme::allowances(
               limits, entries, acme::exact_set(spec.names), key_type_name(type), now)) {
        // All but the first are not of one key type: once is enough.
        const bool known =
            std::ranges::count(survey.allowances, allowance.what, &acme::Allowance::what) > 0;
        if (!known) survey.allowances.push_back(std::move(allowance));
      }
    }
    survey.limits = limits.name;
  } catch (const Error&) {
    // A ledger that cannot be read is the next attempt's matter.
  }
}

bool has_failed_hook(const Survey& survey) {
  return std::ranges::any_of(survey.hooks, [](const acme::HookRecord& hook) {
    return hook.state == acme::HookRecord::State::failed;
  });
}

struct Finding {
  Alarm alarm = Alarm::ok;
  std::string text;
};

Finding finding_of(const Survey& survey, const Thresholds& thresholds, WallTime now) {
  const Outlook& outlook = survey.outlook;
  std::string critical = what_is_critical(outlook, thresholds.critical, now);
  if (!critical.empty()) return {Alarm::critical, std::move(critical)};
  if (survey.served == Served::other) {
    return {Alarm::warning, outlook.id + " is not what is served"};
  }
  if (acme::is_revoked(outlook)) {
    return {Alarm::warning, outlook.id + " is revoked and still in place"};
  }
  if (has_failed_hook(survey)) return {Alarm::warning, "a hook of " + outlook.id + " failed"};
  const int left = percent_left(*outlook.current, now);
  if (left >= thresholds.warning) return {};
  return {Alarm::warning, outlook.id + " has " + std::to_string(left) + " % of its life left"};
}

std::string_view alarm_name(Alarm alarm) {
  switch (alarm) {
    case Alarm::ok:
      return "OK";
    case Alarm::warning:
      return "WARNING";
    case Alarm::critical:
      return "CRITICAL";
    case Alarm::unknown:
      break;
  }
  return "UNKNOWN";
}

}  // namespace

AskServed ask_server(const Serving& serving) {
  return ask_own_port("127.0.0.1", serving.https_port);
}

std::vector<Survey> survey_all(acme::CertificateStore& certificates,
                               const std::vector<std::string>& ids, const AskServed& ask,
                               WallTime now) {
  std::vector<Survey> surveys;
  for (Outlook& outlook : look_at_all(certificates, ids, now)) {
    Survey& survey = surveys.emplace_back();
    survey.outlook = std::move(outlook);
    ServedLook served = look_at_served(survey.outlook, ask);
    survey.served = served.served;
    survey.served_fingerprint = std::move(served.fingerprint);
    look_at_hooks(survey, certificates);
    look_at_limits(survey, certificates, now);
  }
  // Not std::ranges': clang 14 does not compile libstdc++'s.
  std::stable_partition(surveys.begin(), surveys.end(),
                        [](const Survey& survey) { return needs_a_person(survey); });
  return surveys;
}

bool needs_a_person(const Survey& survey) noexcept {
  return needs_a_person(survey.outlook) || survey.served == Served::other ||
         acme::is_revoked(survey.outlook) || has_failed_hook(survey);
}

std::string headline(const std::vector<Survey>& surveys) {
  std::string names;
  std::size_t count = 0;
  constexpr std::size_t kMostNamed = 5;
  for (const Survey& survey : surveys) {
    if (!needs_a_person(survey)) continue;
    if (++count <= kMostNamed) names += (names.empty() ? "" : ", ") + survey.outlook.id;
  }
  if (count == 0) {
    return surveys.size() == 1 ? surveys.front().outlook.id + " is fine"
                               : "all " + std::to_string(surveys.size()) + " are fine";
  }
  if (count > kMostNamed) names += ", ...";
  return std::to_string(count) + " of " + std::to_string(surveys.size()) +
         (count == 1 ? " needs you: " : " need you: ") + names;
}

Verdict judge(const std::vector<Survey>& surveys, const Thresholds& thresholds, WallTime now) {
  if (surveys.empty()) return {Alarm::unknown, "UNKNOWN - there are no certificates"};
  Alarm worst = Alarm::ok;
  std::string critical, warning;
  std::optional<int> least;
  for (const Survey& survey : surveys) {
    if (survey.outlook.current) {
      const int left = percent_left(*survey.outlook.current, now);
      least = std::min(least.value_or(left), left);
    }
    const Finding finding = finding_of(survey, thresholds, now);
    if (finding.alarm == Alarm::ok) continue;
    worst = std::max(worst, finding.alarm);
    // The worst first, whatever the order of the certificates.
    std::string& list = finding.alarm == Alarm::critical ? critical : warning;
    list.append(list.empty() ? "" : "; ").append(finding.text);
  }
  std::string text = critical + (critical.empty() || warning.empty() ? "" : "; ") + warning;
  if (text.empty()) {
    text = std::to_string(surveys.size()) +
           (surveys.size() == 1 ? " certificate, " : " certificates, ") +
           std::to_string(least.value_or(0)) + " % of life left at least";
  }
  return {worst, std::string(alarm_name(worst)) + " - " + printable(text) + " | least_life_left=" +
                     std::to_string(least.value_or(0)) + "%;" + std::to_string(thresholds.warning) +
                     ":;" + std::to_string(thresholds.critical) + ":;0;100"};
}

}  // namespace autohttps::tools
