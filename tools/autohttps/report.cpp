#include <autohttps/tools/autohttps/report.h>

#include <autohttps/acme/management/renewal_policy.h>
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

int percent_left(const acme::GenerationPart& part, WallTime now) {
  constexpr double kWhole = 100;
  return static_cast<int>(acme::life_left(part.key->not_before(), part.key->not_after(), now) *
                          kWhole);
}

std::string generation_text(const acme::GenerationPart& generation, WallTime now) {
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
  Json object = part_json(generation, now);
  object["generation"] = generation.number;
  object["further"] = Json::array();
  for (const acme::GenerationPart& part : generation.further) {
    object["further"].push_back(part_json(part, now));
  }
  return object;
}

Json part_json(const acme::GenerationPart& generation, WallTime now) {
  const CertifiedKey& key = *generation.key;
  return {{"ca", generation.meta.ca},
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
  // What a success came after was mended.
  if (!failure.hint.empty() && state.failures > 0) text += labelled("to fix it", failure.hint);
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
    if (!has_own_request(files)) object["privkey"] = (files / "privkey.pem").string();
  }
  object["error"] = outcome.error ? error_json(*outcome.error) : Json(nullptr);
  object["key_types"] = Json::array();
  for (const acme::Outcome::Part& part : outcome.parts) {
    Json entry = {{"key_type", key_type_name(part.key_type)},
                  {"action", action_name(part.action)},
                  {"text", part.text}};
    entry["not_after"] = time_json(part.not_after);
    entry["next_attempt"] = time_json(part.next_attempt);
    entry["error"] = part.error ? error_json(*part.error) : Json(nullptr);
    object["key_types"].push_back(std::move(entry));
  }
  const acme::HookOutcome& hooks = outcome.hooks;
  object["hooks"] = {{"done", hooks.done},
                     {"pending", hooks.pending},
                     {"failed", hooks.failed},
                     {"next_try", time_json(hooks.next_try)},
                     {"error", hooks.error ? error_json(*hooks.error) : Json(nullptr)}};
  return object;
}

namespace {

Json advice_json(const std::optional<acme::RenewalAdvice>& advice) {
  if (!advice) return nullptr;
  Json object = {{"explanation", advice->explanation}, {"trouble", advice->trouble}};
  object["start"] = time_json(advice->start);
  object["end"] = time_json(advice->end);
  object["chosen"] = time_json(advice->pick);
  object["next_poll"] = time_json(advice->next_poll);
  return object;
}

Json key_type_json(const Outlook& outlook, const OutlookPart& part) {
  Json object = {{"key_type", key_type_name(part.key_type)},
                 {"in_place", part_in_place(outlook, part) != nullptr},
                 {"revoked", is_revoked(outlook, part)},
                 {"failures", part.state.failures}};
  object["next_attempt"] = time_json(part.plan.next);
  object["next_reason"] = part.plan.step == acme::AttemptPlan::Step::issue  ? part.plan.cause
                          : part.plan.step == acme::AttemptPlan::Step::wait ? part.state.next_reason
                                                                            : part.plan.reason;
  object["last_success"] = time_json(part.state.last_success);
  object["last_error"] =
      part.state.last_failure ? failure_json(*part.state.last_failure) : Json(nullptr);
  object["renewal_info"] = advice_json(part.state.advice);
  return object;
}

std::string advice_text(const acme::RenewalAdvice& advice, WallTime now) {
  if (!advice.pick) return {};
  std::string text = "renewal " + format_rfc3339(*advice.start) + " to " +
                     format_rfc3339(*advice.end) + ", chosen " + moment(*advice.pick, now);
  if (!advice.explanation.empty()) text += "; why: " + advice.explanation;
  return text;
}

// What there is to say of each key type besides what is in place.
std::string key_type_text(const Outlook& outlook, const OutlookPart& part, WallTime now) {
  const bool several = outlook.parts.size() > 1;
  const std::string name = several ? std::string(key_type_name(part.key_type)) + ": " : "";
  std::string text;
  if (is_revoked(outlook, part)) {
    text += labelled("revoked", name + "it is served until there is another");
  }
  if (part.state.advice) {
    const std::string advice = advice_text(*part.state.advice, now);
    if (!advice.empty()) text += labelled("the CA asks", name + advice);
  }
  if (several && part_in_place(outlook, part) == nullptr) {
    text += labelled("missing", name + "there is none yet");
  }
  if (several && part.plan.next) {
    text += labelled(
        "next", name + (*part.plan.next <= now ? "due now" : "at " + moment(*part.plan.next, now)));
  }
  return text;
}

}  // namespace

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
  object["key_types"] = Json::array();
  for (const OutlookPart& part : outlook.parts) {
    object["key_types"].push_back(key_type_json(outlook, part));
  }
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
  if (outlook.current) {
    for (const acme::GenerationPart* part : outlook.current->parts()) {
      text += generation_text(*part, now);
    }
  }
  for (const OutlookPart& part : outlook.parts) text += key_type_text(outlook, part, now);
  if (outlook.next) {
    text += labelled("next", (*outlook.next <= now ? std::string("due now")
                                                   : "attempt at " + moment(*outlook.next, now)) +
                                 (outlook.reason.empty() ? "" : ": " + outlook.reason));
  }
  if (outlook.state.failures > 0) {
    text += labelled("failures", std::to_string(outlook.state.failures) + " in a row");
    if (outlook.state.last_failure) text += last_failure_text(outlook.state, now);
  }
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
  if (!outlook.trouble.empty()) text += "  trouble: " + printable(outlook.trouble, 300);
  return text + "\n";
}

std::filesystem::path files_of(const std::filesystem::path& store, std::string_view id) {
  return store / "certificates" / id / "current";
}

bool has_own_request(const std::filesystem::path& files) {
  std::error_code ignored;
  return std::filesystem::exists(files / "csr.pem", ignored);
}

}  // namespace autohttps::tools
