#include <autohttps/acme/auto_certificates.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <optional>

namespace autohttps::tools {
namespace {

struct Asked {
  std::string certificate;
  acme::HookKind kind = acme::HookKind::deploy;
};

std::optional<acme::HookKind> kind_named(const std::string& word) {
  for (const acme::HookKind kind :
       {acme::HookKind::pre, acme::HookKind::deploy, acme::HookKind::failed}) {
    if (word == acme::hook_kind_name(kind)) return kind;
  }
  return std::nullopt;
}

Asked what_is_asked(const std::vector<std::string>& words) {
  const char* const usage = "autohttps hook test NAME [pre|deploy|failed]";
  if (words.empty() || words.front() != "test") {
    throw Error(ErrorCode::config,
                words.empty() ? "\"hook\" needs to be told what to do"
                              : "\"hook\" knows no \"" + printable(words.front(), 100) + "\"",
                usage);
  }
  if (words.size() < 2 || words.size() > 3) {
    throw Error(ErrorCode::config, "\"hook test\" is about one certificate", usage);
  }
  Asked asked{words[1]};
  if (words.size() == 2) return asked;
  const auto kind = kind_named(words[2]);
  if (!kind) {
    throw Error(ErrorCode::config, "\"" + printable(words[2], 100) + "\" is no kind of hook",
                "there are pre, deploy and failed");
  }
  asked.kind = *kind;
  return asked;
}

std::string end_text(const acme::HookReply& reply) {
  return reply.end == acme::HookReply::End::done ? "exit 0" : "failed: " + printable(reply.why);
}

std::string reply_text(const acme::HookCommand& command, acme::HookKind kind,
                       const acme::HookReply& reply) {
  std::string text = std::string(acme::hook_kind_name(kind)) + " hook \"" +
                     printable(command.command, 300) + "\": " + end_text(reply) + "\n";
  for (const std::string_view line : split(reply.output, '\n')) {
    if (!line.empty()) text += "  | " + printable(line) + "\n";
  }
  return text;
}

Json reply_json(const acme::HookCommand& command, const acme::HookReply& reply) {
  return {{"command", command.command},
          {"owner", command.owner ? Json(*command.owner) : Json(nullptr)},
          {"exit", reply.exit_code},
          {"done", reply.end == acme::HookReply::End::done},
          {"why", printable(reply.why)},
          {"output", printable(reply.output, 65536)}};
}

Error no_hooks(const Asked& asked) {
  const std::string kind(acme::hook_kind_name(asked.kind));
  return Error(ErrorCode::config, "\"" + asked.certificate + "\" has no " + kind + " hooks",
               "add one: --" + kind + " COMMAND at obtain, or " + kind +
                   " = \"COMMAND\" in the configuration");
}

}  // namespace

Exit hook(const Config& config, Output& output) {
  const Settings& settings = config.global;
  const Asked asked = what_is_asked(settings.names);
  const Interruption interruption;
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  open_store_that_exists(settings, clock);
  AutoCertificates certificates(whole_store(config, output));
  const Outlook outlook =
      look_at_all(certificates.certificates(), {asked.certificate}, clock.wall()).front();
  if (!outlook.spec) throw Error(ErrorCode::storage, outlook.trouble);

  const acme::HookDuties& hooks = certificates.manager().hooks();
  const acme::HookSubject subject{*outlook.spec, outlook.state,
                                  outlook.current ? &*outlook.current : nullptr, "test"};
  const auto commands = hooks.commands(*outlook.spec, asked.kind);
  if (commands.empty()) throw no_hooks(asked);
  Json object = answer("hook");
  object["hooks"] = Json::array();
  bool all_done = true;
  for (const acme::HookCommand& command : commands) {
    const acme::HookReply reply = hooks.test(subject, asked.kind, command, interruption.token());
    all_done = all_done && reply.end == acme::HookReply::End::done;
    object["hooks"].push_back(reply_json(command, reply));
    if (!settings.json) output.result(reply_text(command, asked.kind, reply));
  }
  if (settings.json) output.result(to_text(object));
  return all_done ? Exit::done : exit_of(ErrorCode::hook);
}

}  // namespace autohttps::tools
