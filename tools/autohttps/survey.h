// A certificate as `status` shows it: its outlook, and what only asking elsewhere tells: whether it
// is served, what its hooks came to, what its CA's limits still allow.
#pragma once

#include <autohttps/acme/management/limits.h>
#include <autohttps/common/json.h>
#include <autohttps/server/auto_https/certificate_health.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/serving.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace autohttps::tools {

struct Survey {
  using Served = autohttps::Served;

  Outlook outlook;
  Served served =
      Served::unknown;  // unknown: nobody serves this store, or it has no name to ask for
  std::string served_fingerprint;
  std::vector<acme::HookRecord> hooks;  // of the generation in place, and of the last failure
  std::vector<acme::Allowance> allowances;
  std::string limits;  // whose they are: the preset's name
};

// `ask` empty: nobody serves. Worst first, by name among the same. Throws as look_at_all().
std::vector<Survey> survey_all(acme::CertificateStore&, const std::vector<std::string>& ids,
                               const AskServed& ask, WallTime now);

// Asks the `serve` of this store through its own port.
AskServed ask_server(const Serving&);

// Something is wrong that does not mend itself.
bool needs_a_person(const Survey&) noexcept;

// "1 of 3 needs you: b.test"; "all 3 are fine".
std::string headline(const std::vector<Survey>&);

std::string survey_text(const Survey&, const std::filesystem::path& store, WallTime now);
Json survey_json(const Survey&, const std::filesystem::path& store, WallTime now);

// For monitoring: one line, "WARNING - ...", and how bad it is. Per cent of a certificate's life
// that is left, below which it is a warning, or critical.
struct Thresholds {
  int warning = 20;  // renewal begins at a third of the life, or at half of a short one: by then
                     // it has failed for a while
  int critical = kCriticalPercent;
};
enum class Alarm { ok = 0, warning = 1, critical = 2, unknown = 3 };  // the exit codes of Nagios
struct Verdict {
  Alarm alarm = Alarm::unknown;
  std::string line;
};
Verdict judge(const std::vector<Survey>&, const Thresholds&, WallTime now);

}  // namespace autohttps::tools
