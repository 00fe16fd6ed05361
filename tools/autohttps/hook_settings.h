// Hooks as the line, the environment and configuration files give them.
#pragma once

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/management/hook_duties.h>
#include <autohttps/acme/store/hooks.h>
#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/output.h>
#include <autohttps/tools/autohttps/settings.h>

#include <filesystem>
#include <vector>

namespace autohttps::tools {

// Where ready hooks lie: $AUTOHTTPS_HOOKS, else beside the program as installed
// (lib/autohttps/hooks) or as built; empty: nowhere.
std::filesystem::path hooks_folder();

// Those of the line and the environment: kept with the certificate. "none" alone: no more of that
// kind. Throws Error(config) for a ready hook that is not there.
acme::HookWish told_hooks(const Settings&);

// Those of configuration files: they belong to the files' owners. Of each site; and the main file's
// for certificates that no site is about.
std::vector<acme::ConfiguredHooks> configured_hooks(const Config&);

// For commands about certificates that the store has, whose NAME... are no wish: all of it, with
// the configuration's hooks.
AutoCertificatesOptions whole_store(const Config&, Output&);

}  // namespace autohttps::tools
