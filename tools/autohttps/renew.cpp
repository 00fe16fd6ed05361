#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/store/file_store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/candidates.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/dry_run.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/outcomes.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <chrono>
#include <filesystem>
#include <system_error>

namespace autohttps::tools {
namespace {

constexpr std::chrono::hours kBetweenRuns{1};  // at most: what `setup` arranges

// A site that was added to the configuration gets its certificate like any that is due. What is
// wrong with one stops no other.
void wish_for_sites(AutoCertificates& certificates, const Config& config, Output& output) {
  for (const Settings& site : config.sites) {
    prepare_webroot(site.webroot);
    try {
      certificates.manage(certificate_options(site, output.sink()));
    } catch (const Error& error) {
      output.warning("site " + site.names.front() + ": " + error.what(), error.hint());
    }
  }
}

bool is_default_store(const std::filesystem::path& store) {
  try {
    return store == acme::default_store_path();
  } catch (const Error&) {
    return false;  // there is none, without a home
  }
}

// A mistyped --store would be a new and empty one, and cron would renew nothing there and say
// nothing, for ever. The default place may be empty: nobody has begun.
void expect_store(const Config& config) {
  const std::filesystem::path store = config.global.store;
  std::error_code ignored;  // a folder that may not be looked into is there: opening says why
  const auto type = std::filesystem::status(store, ignored).type();
  if (store.empty() || !config.sites.empty() || type != std::filesystem::file_type::not_found ||
      is_default_store(store)) {
    return;
  }
  throw Error(ErrorCode::config,
              "there is no store at \"" + printable(store.string(), 300) + "\": nothing to renew",
              "--store DIR says where it is; autohttps obtain makes one");
}

}  // namespace

Exit renew(const Config& config, Output& output) {
  const Settings& settings = config.global;
  if (settings.dry_run) return dry_renew(config, output);
  const Interruption interruption;
  expect_store(config);
  const ActingAsOwner acting(settings.store, Missing::make);
  AutoCertificates certificates(whole_store(config, output));
  wish_for_sites(certificates, config, output);

  acme::RunOptions run = run_options(settings);
  run.person = settings.force;  // cron does not force
  run.until_next_look = kBetweenRuns;
  const std::vector<acme::Outcome> outcomes =
      run_due(certificates, settings.names, run, settings, output, interruption.token());
  return finish("renew", settings, store_path(settings), outcomes, output);
}

}  // namespace autohttps::tools
