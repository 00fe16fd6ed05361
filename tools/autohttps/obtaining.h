// The work of `obtain`, for commands that do it on their way.
#pragma once

#include <autohttps/acme/management/manager.h>
#include <autohttps/tools/autohttps/output.h>
#include <autohttps/tools/autohttps/settings.h>

#include <stop_token>
#include <vector>

namespace autohttps::tools {

// A person asks: back-off after failures does not hold, limits do. An Outcome per certificate;
// throws Error for what stops it before there is one. The hooks: those of configuration files.
std::vector<acme::Outcome> obtain_certificates(const Settings&, std::vector<acme::ConfiguredHooks>,
                                               Output&, std::stop_token);

}  // namespace autohttps::tools
