#include <autohttps/acme/auto_certificates.h>
#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/candidates.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/dry_run.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/obtaining.h>
#include <autohttps/tools/autohttps/outcomes.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

namespace autohttps::tools {
namespace {

// The wishes are written before anything is asked of a CA: what fails now, `renew` tries again.
std::vector<std::string> wish_for(AutoCertificates& certificates, const Settings& settings,
                                  const std::vector<std::string>& domains) {
  if (!settings.each) {
    certificates.manage();
    return {certificates.certificate()};
  }
  std::vector<std::string> ids;
  ids.reserve(domains.size());
  for (const std::string& domain : domains) ids.push_back(certificates.add({domain}));
  return ids;
}

}  // namespace

std::vector<acme::Outcome> obtain_certificates(const Settings& settings,
                                               std::vector<acme::ConfiguredHooks> hooks,
                                               Output& output, std::stop_token stop) {
  const ActingAsOwner acting(settings.store, Missing::make);
  prepare_webroot(settings.webroot);
  AutoCertificatesOptions options = certificate_options(settings, output.sink());
  options.configured_hooks = std::move(hooks);
  std::vector<std::string> domains = options.domains;
  if (settings.each) options.domains.clear();
  AutoCertificates certificates(std::move(options));
  const std::vector<std::string> ids = wish_for(certificates, settings, domains);

  acme::RunOptions run = run_options(settings);
  run.person = true;
  return run_due(certificates, ids, run, settings, output, std::move(stop));
}

Exit obtain(const Config& config, Output& output) {
  const Settings settings = settings_for(config, config.line.names);
  if (settings.each && !settings.name.empty()) {
    throw Error(ErrorCode::config, "--each makes several certificates, --name is for one",
                "leave out one of the two");
  }
  if (settings.dry_run) return dry_obtain(config, output);
  const Interruption interruption;
  const std::vector<acme::Outcome> outcomes =
      obtain_certificates(settings, configured_hooks(config), output, interruption.token());
  return finish("obtain", settings, store_path(settings), outcomes, output);
}

}  // namespace autohttps::tools
