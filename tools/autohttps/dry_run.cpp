#include <autohttps/tools/autohttps/dry_run.h>

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/management/process_hooks.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/acme/store/ca_presets.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/ca_settings.h>
#include <autohttps/tools/autohttps/candidates.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/outcomes.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace autohttps::tools {
namespace {

// Hooks are part of what is rehearsed: they run, told by AUTOHTTPS_DRY_RUN=1 that nothing is meant.
class RehearsingHooks final : public acme::HookRunner {
 public:
  explicit RehearsingHooks(acme::ProcessHooks::Options options) : hooks_(std::move(options)) {}
  std::string obstacle(std::optional<std::uint32_t> owner) const override {
    return hooks_.obstacle(owner);
  }
  acme::HookReply run(const acme::HookCall& call, std::stop_token stop) override {
    acme::HookCall rehearsed = call;
    rehearsed.dry_run = true;
    return hooks_.run(rehearsed, std::move(stop));
  }

 private:
  acme::ProcessHooks hooks_;
};

// What a wish for a real certificate is with a test CA.
acme::CertificateSpec rehearsed(acme::CertificateSpec spec) {
  for (acme::CaSpec& ca : spec.cas) {
    const acme::CaPreset* const real = acme::find_ca_preset(ca.directory_url);
    if (real == nullptr || real->test_url.empty()) continue;
    ca.directory_url = real->test_url;
    ca.limits = acme::find_ca_preset(real->test_url)->limits;
  }
  return spec;
}

// Certificates in the test store that take no part in anything once the rehearsal is over.
class Rehearsal {
 public:
  Rehearsal(const Settings& settings, const std::vector<acme::ConfiguredHooks>& hooks,
            Output& output)
      : settings_(settings),
        options_(options_of(settings, hooks, output)),
        hooks_({.store = options_.store, .folder = options_.hooks_folder}),
        certificates_(options_, parts()),
        before_(certificates_.certificates().ids()) {}

  AutoCertificates& certificates() noexcept { return certificates_; }

  // What binds the accounts of the real store, where the same CA is asked: it would not give the
  // rehearsal an account otherwise.
  void bind_as_in(acme::Store& real, const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      const auto spec = certificates_.certificates().spec(id);
      if (!spec) continue;
      for (const acme::CaSpec& ca : spec->cas) {
        const auto binding = acme::AccountStore(real, ca.directory_url, ca.account_label).binding();
        acme::AccountStore ours(certificates_.store(), ca.directory_url, ca.account_label);
        if (binding && !ours.binding()) ours.put_binding(*binding);
      }
    }
  }

  std::vector<acme::Outcome> run(const std::vector<std::string>& ids, Output& output,
                                 std::stop_token stop) {
    acme::RunOptions run = run_options(settings_);
    run.person = true;
    std::vector<acme::Outcome> outcomes =
        run_due(certificates_, ids, run, settings_, output, std::move(stop));
    for (const std::string& id : ids) forget(id, output);
    return outcomes;
  }

 private:
  static AutoCertificatesOptions options_of(Settings settings,
                                            const std::vector<acme::ConfiguredHooks>& hooks,
                                            Output& output) {
    settings.names.clear();  // none of its own: each comes with its wish
    AutoCertificatesOptions options = certificate_options(settings, output.sink());
    options.configured_hooks = hooks;
    return options;
  }

  AutoCertificatesParts parts() {
    AutoCertificatesParts parts;
    parts.hooks = &hooks_;
    return parts;
  }

  void forget(const std::string& id, Output& output) {
    if (std::ranges::count(before_, id) > 0) return;
    try {
      acme::CertificateStore& store = certificates_.certificates();
      const auto lock = store.lock(id, certificates_.clock().steady() + settings_.lock_timeout, {});
      store.remove(*lock, id);
    } catch (const Error& error) {
      output.warning("removing the test certificate of " + id + ": " + error.what(), error.hint());
    }
  }

  const Settings settings_;
  const AutoCertificatesOptions options_;
  RehearsingHooks hooks_;
  AutoCertificates certificates_;
  const std::vector<std::string> before_;
};

}  // namespace

Settings rehearsed(Settings settings) {
  settings.store = store_path(settings).string();
  if (!settings.staging) settings.store += "/staging";
  // What is asked of a real CA is counted in the real store (RELIABILITY I4).
  const acme::CaPreset* const real = acme::find_ca_preset(directory_of(settings));
  if (real != nullptr && !real->test_url.empty()) settings.server = real->test_url;
  settings.fallback_servers.clear();
  settings.staging = false;  // as above: the store and the CA are chosen
  settings.force = true;     // what is fine already is rehearsed all the same
  return settings;
}

Exit dry_obtain(const Config& config, Output& output) {
  const Settings given = settings_for(config, config.line.names);
  const Interruption interruption;
  const ActingAsOwner acting(given.store, Missing::make);
  prepare_webroot(given.webroot);
  const Settings settings = rehearsed(given);
  Rehearsal rehearsal(settings, configured_hooks(config), output);
  AutoCertificatesOptions wish = certificate_options(settings, output.sink());
  std::vector<std::string> ids;
  if (settings.each) {
    for (const std::string& domain : std::exchange(wish.domains, {})) {
      AutoCertificatesOptions one = wish;
      one.domains = {domain};
      ids.push_back(rehearsal.certificates().manage(one));
    }
  } else {
    ids.push_back(rehearsal.certificates().manage(wish));
  }
  SystemClock clock;
  if (const auto real = open_existing_store(given, clock)) rehearsal.bind_as_in(*real, ids);
  const auto outcomes = rehearsal.run(ids, output, interruption.token());
  return finish("obtain", settings, store_path(settings), outcomes, output);
}

Exit dry_renew(const Config& config, Output& output) {
  const Settings& settings = config.global;
  const Interruption interruption;
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  const std::unique_ptr<acme::Store> store = open_existing_store(settings, clock);
  if (!store) {
    throw Error(ErrorCode::config,
                "there is no store at \"" + store_path(settings).string() +
                    "\": nothing to rehearse the renewal of",
                "--store DIR says where it is; obtain DOMAIN --dry-run rehearses a first issue");
  }
  acme::CertificateStore real(*store);
  Rehearsal rehearsal(rehearsed(settings), configured_hooks(config), output);
  std::vector<std::string> ids;
  for (const Outlook& outlook : look_at_all(real, settings.names, clock.wall())) {
    if (!outlook.spec) {
      output.warning(outlook.id + ": " + outlook.trouble);
      continue;
    }
    ids.push_back(rehearsal.certificates().manager().manage(rehearsed(*outlook.spec)));
  }
  rehearsal.bind_as_in(*store, ids);
  std::vector<acme::Outcome> outcomes;
  if (!ids.empty()) outcomes = rehearsal.run(ids, output, interruption.token());
  const Settings told = rehearsed(settings);
  return finish("renew", told, store_path(told), outcomes, output);
}

}  // namespace autohttps::tools
