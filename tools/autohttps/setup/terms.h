// The CA's terms of service, shown before anybody agrees to them.
#pragma once

#include <autohttps/tools/autohttps/settings.h>

#include <optional>
#include <string>

namespace autohttps::tools {

// Where they are, escaped for a terminal; empty: it has none. Asks the CA: throws Error(network |
// protocol).
std::optional<std::string> terms_of_service(const Settings&);

}  // namespace autohttps::tools
