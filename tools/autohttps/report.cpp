#include <autohttps/tools/autohttps/report.h>

#include <autohttps/common/advice.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <array>

namespace autohttps::tools {
namespace {

using Action = acme::Outcome::Action;

Json names_json(const std::vector<Identifier>& names) {
  Json list = Json::array();
  for (const Identifier& name : names) list.push_back(name.value);
  return list;
}

int percent_left(const acme::Generation& generation, WallTime now) {
  constexpr double kWhole = 100;
  return static_cast<int>(life_left(generation, now) * kWhole);
}

std::string generation_text(const acme::Generation& generation, WallTime now) {
  const CertifiedKey& key = *generation.key;
  return labelled("issued by", key.issuer() + " (" + generation.meta.ca + ")") +
         labelled("chain", std::to_string(key.chain_length()) +
                               (key.chain_length() == 1 ? " certificate" : " certificates") +
                               ", key " + std::string(key_type_name(key.key().type()))) +
         labelled("issued",
                  format_rfc3339(key.not_before()) +
                      (generation.meta.cause.empty() ? "" : ": " + generation.meta.cause)) +
         labelled("valid", "until " + moment(key.not_after(), now) + ", " +
                               std::to_string(percent_left(generation, now)) +
                               " % of its life left") +
         labelled("serial", key.serial()) + labelled("sha-256", key.fingerprint());
}

}  // namespace

Json time_json(const std::optional<WallTime>& time) {
  return time ? Json(format_rfc3339(*time)) : Json(nullptr);
}

std::string moment(WallTime time, WallTime now) {
  return format_rfc3339(time) + " (" + format_relative(time, now) + ")";
}

std::string labelled(std::string label, const std::string& value) {
  constexpr std::size_t kLabel = 12;
  label.resize(std::max(kLabel, label.size() + 1), ' ');
  return "  " + label + printable(value, 4000) + "\n";
}

Json failure_json(const acme::Failure& failure) {
  return {{"code", failure.code},
          {"text", failure.text},
          {"hint", failure.hint},
          {"at", format_rfc3339(failure.at)}};
}

Json generation_json(const acme::Generation& generation, WallTime now) {
  const CertifiedKey& key = *generation.key;
  return {{"generation", generation.number},
          {"ca", generation.meta.ca},
          {"issuer", key.issuer()},
          {"names", names_json(key.names())},
          {"serial", key.serial()},
          {"sha256", key.fingerprint()},
          {"key_type", key_type_name(key.key().type())},
          {"chain_length", key.chain_length()},
          {"not_before", format_rfc3339(key.not_before())},
          {"not_after", format_rfc3339(key.not_after())},
          {"life_left_percent", percent_left(generation, now)},
          {"cause", generation.meta.cause}};
}

std::string last_failure_text(const acme::CertificateState& state, WallTime now) {
  const acme::Failure& failure = *state.last_failure;
  std::string text = labelled(
      "last error", format_relative(failure.at, now) + " [" + failure.code + "]: " + failure.text);
  if (!failure.hint.empty()) text += labelled("to fix it", failure.hint);
  return text;
}

std::string_view action_name(Action action) noexcept {
  constexpr std::array<std::string_view, 5> kNames = {"none", "issued", "renewed", "deferred",
                                                      "failed"};
  return kNames.at(static_cast<std::size_t>(action));
}

Json answer(std::string_view command) { return {{"schema", kSchema}, {"command", command}}; }

Json error_json(const Error& error) {
  Json object = {
      {"code", code_name(error.code())}, {"text", error.what()}, {"hint", next_step(error)}};
  object["retry_at"] = time_json(error.retry_at());
  return object;
}

Json outcome_json(const acme::Outcome& outcome, const std::filesystem::path& store) {
  Json object = {{"name", outcome.certificate},
                 {"action", action_name(outcome.action)},
                 {"text", outcome.text},
                 {"generation", outcome.generation}};
  object["not_after"] = time_json(outcome.not_after);
  object["next_attempt"] = time_json(outcome.next_attempt);
  if (outcome.generation != 0) {
    const std::filesystem::path files = files_of(store, outcome.certificate);
    object["fullchain"] = (files / "fullchain.pem").string();
    object["privkey"] = (files / "privkey.pem").string();
  }
  object["error"] = outcome.error ? error_json(*outcome.error) : Json(nullptr);
  const acme::HookOutcome& hooks = outcome.hooks;
  object["hooks"] = {{"done", hooks.done},
                     {"pending", hooks.pending},
                     {"failed", hooks.failed},
                     {"next_try", time_json(hooks.next_try)},
                     {"error", hooks.error ? error_json(*hooks.error) : Json(nullptr)}};
  return object;
}

Json outlook_json(const Outlook& outlook, const std::filesystem::path& store, WallTime now) {
  Json object = {{"name", outlook.id}, {"state", standing_name(outlook.standing)}};
  object["names"] = outlook.spec ? names_json(outlook.spec->names) : Json::array();
  object["ca"] = outlook.spec && !outlook.spec->cas.empty()
                     ? Json(outlook.spec->cas.front().directory_url)
                     : Json(nullptr);
  object["current"] = outlook.current ? generation_json(*outlook.current, now) : Json(nullptr);
  object["files"] = files_of(store, outlook.id).string();
  object["next_attempt"] = time_json(outlook.next);
  object["next_reason"] = outlook.reason;
  object["failures"] = outlook.state.failures;
  object["last_attempt"] = time_json(outlook.state.last_attempt);
  object["last_success"] = time_json(outlook.state.last_success);
  object["last_error"] =
      outlook.state.last_failure ? failure_json(*outlook.state.last_failure) : Json(nullptr);
  object["trouble"] = outlook.trouble.empty() ? Json(nullptr) : Json(outlook.trouble);
  return object;
}

Action overall(const std::vector<acme::Outcome>& outcomes) noexcept {
  for (const Action action : {Action::failed, Action::deferred, Action::issued, Action::renewed}) {
    if (std::ranges::count(outcomes, action, &acme::Outcome::action) > 0) return action;
  }
  return Action::none;
}

acme::Outcome nothing_due(const Outlook& outlook, WallTime now) {
  acme::Outcome outcome;
  outcome.certificate = outlook.id;
  outcome.next_attempt = outlook.next;
  outcome.text = "nothing to do";
  if (outlook.current) {
    outcome.generation = outlook.current->number;
    outcome.not_after = outlook.current->key->not_after();
    outcome.text += ": valid until " + moment(*outcome.not_after, now);
    if (outlook.next) outcome.text += ", renewal due " + format_relative(*outlook.next, now);
  }
  return outcome;
}

std::string outlook_text(const Outlook& outlook, const std::filesystem::path& store, WallTime now) {
  std::string text = outlook.id + ": " + std::string(standing_name(outlook.standing)) + "\n";
  if (outlook.spec) {
    text += labelled("names", describe(outlook.spec->names, outlook.spec->names.size()));
    if (!outlook.current && !outlook.spec->cas.empty()) {
      text += labelled("CA", outlook.spec->cas.front().directory_url);
    }
  }
  if (outlook.current) text += generation_text(*outlook.current, now);
  if (outlook.next) {
    text += labelled("next", (*outlook.next <= now ? std::string("due now")
                                                   : "attempt at " + moment(*outlook.next, now)) +
                                 (outlook.reason.empty() ? "" : ": " + outlook.reason));
  }
  if (outlook.state.failures > 0) {
    text += labelled("failures", std::to_string(outlook.state.failures) + " in a row");
  }
  if (outlook.state.last_failure) text += last_failure_text(outlook.state, now);
  if (!outlook.trouble.empty()) text += labelled("trouble", outlook.trouble);
  if (outlook.current) text += labelled("files", files_of(store, outlook.id).string());
  return text;
}

std::string outlook_line(const Outlook& outlook, WallTime now) {
  std::string text = outlook.id + "  " + std::string(standing_name(outlook.standing));
  if (outlook.current) {
    const WallTime until = outlook.current->key->not_after();
    text += "  until " + format_rfc3339(until) + " (" + format_relative(until, now) + ")";
  }
  if (outlook.spec) text += "  " + describe(outlook.spec->names);
  return text + "\n";
}

std::filesystem::path files_of(const std::filesystem::path& store, std::string_view id) {
  return store / "certificates" / id / "current";
}

}  // namespace autohttps::tools
