#include <autohttps/acme/auto_certificates.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/candidates.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/outcomes.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <utility>

namespace autohttps::tools {
namespace {

std::vector<Outlook> tried_out(const Settings& settings) {
  Settings staging = settings;
  staging.staging = true;
  SystemClock clock;
  const std::unique_ptr<acme::Store> store = open_existing_store(staging, clock);
  if (!store) {
    throw Error(ErrorCode::config,
                "nothing was tried out with --staging: there is no test store at \"" +
                    store_path(staging).string() + "\"",
                "autohttps obtain DOMAIN --staging --agree-tos tries one out");
  }
  acme::CertificateStore certificates(*store);
  return look_at_all(certificates, settings.names, clock.wall());
}

// The wish of the test certificate, but for the CA, which is the one that is asked for now.
AutoCertificatesOptions wish_for(const Outlook& outlook, const Settings& settings, Output& output) {
  if (!outlook.spec) {
    throw Error(ErrorCode::storage, outlook.id + ": " + outlook.trouble,
                "obtain it by its names: autohttps obtain DOMAIN...");
  }
  Settings real = settings;
  real.names.clear();
  AutoCertificatesOptions wish = certificate_options(real, output.sink());
  for (const Identifier& name : outlook.spec->names) wish.domains.push_back(name.value);
  wish.name = outlook.id;
  wish.key_types = outlook.spec->key_types;
  wish.profile = outlook.spec->profile.value_or("");
  wish.webroot = outlook.spec->webroot;
  wish.challenge = outlook.spec->challenge;
  wish.dns_hook = outlook.spec->dns_hook;
  wish.dns_resolver = outlook.spec->dns_resolver;
  wish.dns_timeout = outlook.spec->dns_timeout;
  wish.preferred_chain = outlook.spec->preferred_chain;
  wish.reuse_key = outlook.spec->reuse_key;
  wish.csr = outlook.spec->csr;
  const acme::Hooks& hooks = outlook.spec->hooks;
  wish.hooks = {hooks.pre, hooks.deploy, hooks.failed};
  return wish;
}

}  // namespace

Exit promote(const Config& config, Output& output) {
  const Settings& settings = config.global;
  if (settings.staging) {
    throw Error(ErrorCode::config, "promote goes from the test CA to the real one: not --staging",
                "leave it out; --server URL says which CA, if not Let's Encrypt");
  }
  const Interruption interruption;
  const ActingAsOwner acting(settings.store);
  const std::vector<Outlook> outlooks = tried_out(settings);
  Settings of_all = settings;
  of_all.names.clear();
  AutoCertificatesOptions options = certificate_options(of_all, output.sink());
  options.configured_hooks = configured_hooks(config);
  AutoCertificates certificates(std::move(options));
  std::vector<std::string> ids;
  ids.reserve(outlooks.size());
  for (const Outlook& outlook : outlooks) {
    ids.push_back(certificates.manage(wish_for(outlook, settings, output)));
  }
  acme::RunOptions run = run_options(settings);
  run.person = true;
  const std::vector<acme::Outcome> outcomes =
      run_due(certificates, ids, run, settings, output, interruption.token());
  return finish("promote", settings, store_path(settings), outcomes, output);
}

}  // namespace autohttps::tools
