// How `obtain` and `renew` end: what happened to each certificate, told and turned into the exit
// code.
#pragma once

#include <autohttps/acme/management/manager.h>
#include <autohttps/tools/autohttps/exit_codes.h>
#include <autohttps/tools/autohttps/output.h>
#include <autohttps/tools/autohttps/settings.h>

#include <filesystem>
#include <string_view>
#include <vector>

namespace autohttps::tools {

// A line or the JSON object on standard output, an error block for each failure on standard error.
Exit finish(std::string_view command, const Settings&, const std::filesystem::path& store,
            const std::vector<acme::Outcome>&, Output&);

// An error block for a hook that failed.
void tell_hooks(const acme::Outcome&, bool dry_run, Output&);

}  // namespace autohttps::tools
