#include <autohttps/acme/management/process_hooks.h>

#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

namespace autohttps::acme {
namespace {

constexpr std::size_t kLongestFact = 4000;  // far below what the kernel allows for one string

}  // namespace

std::vector<std::string> hook_facts(const HookCall& call, const std::filesystem::path& store) {
  std::vector<std::string> all;
  const auto add = [&](const char* name, const std::string& value) {
    all.push_back(std::string("AUTOHTTPS_") + name + "=" + value);
  };
  std::string names;
  for (const Identifier& name : call.names) names += (names.empty() ? "" : " ") + name.value;
  add("HOOK", std::string(hook_kind_name(call.kind)));
  add("CERTIFICATE", call.certificate);
  add("NAMES", names);
  if (call.generation != 0) {
    const std::filesystem::path files = store / "certificates" / call.certificate / "current";
    add("FULLCHAIN", (files / "fullchain.pem").string());
    add("CHAIN", (files / "chain.pem").string());
    add("CERT", (files / "cert.pem").string());
    std::error_code ignored;  // a certificate of the user's own request has no key here
    if (!std::filesystem::exists(files / "csr.pem", ignored)) {
      add("PRIVKEY", (files / "privkey.pem").string());
    }
    add("GENERATION", std::to_string(call.generation));
  }
  if (call.not_after) add("NOT_AFTER", format_rfc3339(*call.not_after));
  add("CAUSE", call.cause);
  add("STAGING", call.staging ? "1" : "0");
  add("DRY_RUN", call.dry_run ? "1" : "0");
  if (call.failure) {
    add("ERROR_CODE", printable(call.failure->code, kLongestFact));
    add("ERROR", printable(call.failure->text, kLongestFact));
    add("HINT", printable(call.failure->hint, kLongestFact));
    if (call.next_attempt) add("NEXT_ATTEMPT", format_rfc3339(*call.next_attempt));
  }
  return all;
}

HookReply ProcessHooks::run(const HookCall& call, std::stop_token stop) {
  return process_.run({call.command, {}, hook_facts(call, process_.store()), call.owner},
                      std::move(stop));
}

}  // namespace autohttps::acme
