// From Settings to what the front doors are told, checked before anything is touched.
#pragma once

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/store/store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/event.h>
#include <autohttps/common/identifier.h>
#include <autohttps/server/auto_https/options.h>
#include <autohttps/tools/autohttps/settings.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace autohttps::tools {

// The default place depends on who runs this: found once, before a command acts as somebody else
// (store_owner.h).
void settle_store(Settings&);

// The absolute folder: what is written into the store must mean the same from cron's directory.
std::filesystem::path store_path(const Settings&);

// Why a wildcard among the names cannot be proven as the settings are; empty: it can, or it is
// none.
std::optional<Error> wildcard_trouble(const Settings&, const Identifier&);

// Throw Error(config) for a name, a file or a folder that cannot be used.
AutoCertificatesOptions certificate_options(const Settings&, EventSink);
AutoHttpsOptions server_options(const Settings&, EventSink);

// For commands that only look: null when there is no store yet, and none is made.
std::unique_ptr<acme::Store> open_existing_store(const Settings&, Clock&);
// For those that make no sense without one: throws Error(config).
std::unique_ptr<acme::Store> open_store_that_exists(const Settings&, Clock&);

}  // namespace autohttps::tools
