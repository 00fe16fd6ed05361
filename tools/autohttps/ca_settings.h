// The CAs that the line and the configuration name: presets, [ca.NAME] tables and URLs, with all
// that is said of each.
#pragma once

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/tools/autohttps/settings.h>

#include <string>
#include <vector>

namespace autohttps::tools {

// Throws Error(config) unless it may be a CA: an https URL, a preset's name, or the name of a table
// that may come yet.
void check_ca(const std::string& said);
bool is_ca_name(const std::string& text);  // what a [ca.NAME] table may be called

// The one that is asked first, and those after it, in order. The line goes before a table, a table
// before the rest of the configuration. Throw Error(config) for a name that there is not.
CaOptions first_ca(const Settings&);
std::vector<CaOptions> fallback_cas(const Settings&);
std::string directory_of(const Settings&);  // the first one's directory URL

}  // namespace autohttps::tools
