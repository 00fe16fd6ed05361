#include <autohttps/acme/challenges/dns_hook.h>
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/question.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

void ask(const std::vector<Outlook>& outlooks, Output& output) {
  std::string what;
  for (const Outlook& outlook : outlooks) {
    what += (what.empty() ? "" : ", ") + outlook.id + " (" +
            std::string(standing_name(outlook.standing)) + ")";
  }
  ask_whether("deleting " + what, "all their keys go with them", output);
}

}  // namespace

Exit remove(const Settings& settings, Output& output) {
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  const std::unique_ptr<acme::Store> store = open_store_that_exists(settings, clock);
  acme::CertificateStore certificates(*store);
  const std::vector<Outlook> outlooks = look_at_all(certificates, settings.names, clock.wall());
  if (!settings.yes) ask(outlooks, output);

  acme::DnsHookProcess hook({store_path(settings), hooks_folder(), acme::DnsHookProcess::kLimit});
  acme::DnsLeftovers leftovers(*store, hook, clock, output.sink());
  Json object = answer("delete");
  object["deleted"] = Json::array();
  for (const Outlook& outlook : outlooks) {
    const auto lock =
        certificates.lock(outlook.id, clock.steady() + settings.lock_timeout, std::stop_token());
    // What is noted of DNS records goes with it: the last chance to take them down.
    leftovers.take_down(outlook.id, false, {});
    certificates.remove(*lock, outlook.id);
    object["deleted"].push_back(outlook.id);
    if (!settings.json && !settings.quiet) output.result(outlook.id + ": deleted");
  }
  if (settings.json) output.result(to_text(object));
  return Exit::done;
}

}  // namespace autohttps::tools
