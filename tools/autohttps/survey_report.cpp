#include <autohttps/acme/store/certificate_spec.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/survey.h>

#include <utility>

namespace autohttps::tools {
namespace {

using Served = Survey::Served;
using State = acme::HookRecord::State;

// By what the CA was asked for; after that no rule looks at a URL, and this is no rule.
std::string environment_of(const Outlook& outlook) {
  std::string ca = outlook.spec && !outlook.spec->cas.empty()
                       ? outlook.spec->cas.front().directory_url
                       : std::string();
  if (outlook.current && !outlook.current->meta.ca.empty()) ca = outlook.current->meta.ca;
  if (ca == acme::kLetsEncrypt) return "production";
  if (ca == acme::kLetsEncryptStaging) return "staging";
  return "other";
}

std::string served_text(const Survey& survey) {
  switch (survey.served) {
    case Served::same:
      return "this certificate";
    case Served::other:
      return "ANOTHER certificate (sha-256 " + survey.served_fingerprint +
             "): restart the server if this stays so for a minute";
    case Served::placeholder:
      return "a placeholder that no browser trusts, until there is a certificate";
    case Served::no_answer:
      return "the server does not answer on 127.0.0.1";
    case Served::unknown:
      break;
  }
  return {};
}

std::string_view served_name(Served served) {
  switch (served) {
    case Served::same:
      return "same";
    case Served::other:
      return "other";
    case Served::placeholder:
      return "placeholder";
    case Served::no_answer:
      return "no_answer";
    case Served::unknown:
      break;
  }
  return "unknown";
}

std::string hook_text(const acme::HookRecord& hook, WallTime now) {
  std::string text =
      std::string(acme::hook_kind_name(hook.kind)) + " \"" + printable(hook.command, 200) + "\" ";
  if (hook.state == State::done) {
    return text + "ran" + (hook.at ? " " + format_relative(*hook.at, now) : "");
  }
  if (hook.state == State::pending) {
    return text + "WAITS" + (hook.why.empty() ? "" : ": " + hook.why);
  }
  text += "FAILED: " + hook.why + " (try " + std::to_string(hook.tries) + ")";
  if (!hook.output.empty()) {
    text += ": " + hook.output.substr(hook.output.find_last_of('\n') + 1);
  }
  if (hook.next_try) text += "; tried again from " + format_rfc3339(*hook.next_try);
  return text;
}

std::string allowance_text(const acme::Allowance& allowance) {
  return allowance.what + ": " + std::to_string(allowance.most - allowance.used) + " of " +
         std::to_string(allowance.most) + " left";
}

Json hook_json(const acme::HookRecord& hook) {
  Json object = {{"kind", acme::hook_kind_name(hook.kind)},
                 {"command", hook.command},
                 {"state", acme::hook_state_name(hook.state)},
                 {"owner", hook.owner ? Json(*hook.owner) : Json(nullptr)},
                 {"exit", hook.exit_code},
                 {"why", hook.why},
                 {"output", hook.output},
                 {"tries", hook.tries}};
  object["at"] = time_json(hook.at);
  object["next_try"] = time_json(hook.next_try);
  return object;
}

}  // namespace

std::string survey_text(const Survey& survey, const std::filesystem::path& store, WallTime now) {
  std::string text = outlook_text(survey.outlook, store, now);
  if (environment_of(survey.outlook) == "staging") {
    text += labelled("environment", "staging: a test certificate, which no browser trusts");
  }
  if (survey.served != Served::unknown) text += labelled("served", served_text(survey));
  for (const acme::HookRecord& hook : survey.hooks) {
    text += labelled("hook", hook_text(hook, now));
  }
  std::string label = "limits";
  for (const acme::Allowance& allowance : survey.allowances) {
    text += labelled(std::exchange(label, ""), allowance_text(allowance));
  }
  return text;
}

Json survey_json(const Survey& survey, const std::filesystem::path& store, WallTime now) {
  Json object = outlook_json(survey.outlook, store, now);
  object["needs_you"] = needs_a_person(survey);
  object["environment"] = environment_of(survey.outlook);
  object["served"] = {
      {"state", served_name(survey.served)},
      {"sha256",
       survey.served_fingerprint.empty() ? Json(nullptr) : Json(survey.served_fingerprint)}};
  object["hooks"] = Json::array();
  for (const acme::HookRecord& hook : survey.hooks) object["hooks"].push_back(hook_json(hook));
  object["limits"] = Json::array();
  for (const acme::Allowance& allowance : survey.allowances) {
    object["limits"].push_back(
        {{"what", allowance.what}, {"used", allowance.used}, {"most", allowance.most}});
  }
  return object;
}

}  // namespace autohttps::tools
