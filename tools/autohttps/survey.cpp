#include <autohttps/tools/autohttps/survey.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/auto_https/served_check.h>

#include <algorithm>
#include <chrono>
#include <memory>

namespace autohttps::tools {
namespace {

using Served = Survey::Served;

constexpr std::chrono::milliseconds kMostPerName{2000};  // our own machine: it answers or is stuck
constexpr int kWhole = 100;

// Whether addresses are this machine's is not known here.
std::string name_to_ask_for(const acme::CertificateSpec& spec) {
  for (const Identifier& name : spec.names) {
    if (name.type != Identifier::Type::dns) continue;
    return name.is_wildcard() ? "autohttps-check" + name.value.substr(1) : name.value;
  }
  return {};
}

void look_at_served(Survey& survey, const AskServed& ask) {
  if (!ask || !survey.outlook.spec) return;
  const std::string name = name_to_ask_for(*survey.outlook.spec);
  if (name.empty()) return;
  const auto fingerprint = ask(name);
  survey.served_fingerprint = fingerprint.value_or("");
  if (!fingerprint) {
    survey.served = Served::no_answer;
  } else if (!survey.outlook.current) {
    survey.served = Served::placeholder;
  } else {
    const bool same = std::ranges::any_of(
        survey.outlook.current->parts(),
        [&](const acme::GenerationPart* part) { return *fingerprint == part->key->fingerprint(); });
    survey.served = same ? Served::same : Served::other;
  }
}

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

int percent(const acme::Generation& generation, WallTime now) {
  return static_cast<int>(life_left(generation, now) * kWhole);
}

struct Finding {
  Alarm alarm = Alarm::ok;
  std::string text;
};

Finding finding_of(const Survey& survey, const Thresholds& thresholds, WallTime now) {
  const Outlook& outlook = survey.outlook;
  if (!outlook.current) return {Alarm::critical, outlook.id + " has no certificate"};
  if (outlook.standing == Standing::expired) return {Alarm::critical, outlook.id + " expired"};
  const int left = percent(*outlook.current, now);
  const std::string of_life = outlook.id + " has " + std::to_string(left) + " % of its life left";
  if (left < thresholds.critical) return {Alarm::critical, of_life};
  if (survey.served == Served::other) {
    return {Alarm::warning, outlook.id + " is not what is served"};
  }
  if (has_failed_hook(survey)) return {Alarm::warning, "a hook of " + outlook.id + " failed"};
  if (left < thresholds.warning) return {Alarm::warning, of_life};
  return {};
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
  // One that does not answer would keep us waiting for each of a thousand names.
  const auto silent = std::make_shared<bool>(false);
  return [port = serving.https_port, silent](const std::string& name) {
    if (*silent) return std::optional<std::string>();
    auto fingerprint = served_fingerprint("127.0.0.1", port, name, kMostPerName);
    *silent = !fingerprint;
    return fingerprint;
  };
}

std::vector<Survey> survey_all(acme::CertificateStore& certificates,
                               const std::vector<std::string>& ids, const AskServed& ask,
                               WallTime now) {
  std::vector<Survey> surveys;
  for (Outlook& outlook : look_at_all(certificates, ids, now)) {
    Survey& survey = surveys.emplace_back();
    survey.outlook = std::move(outlook);
    look_at_served(survey, ask);
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
         has_failed_hook(survey);
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
      const int left = percent(*survey.outlook.current, now);
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
