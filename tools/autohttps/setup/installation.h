// Renewal and service as files and commands: systemd's units where it runs, else a cron entry and
// an init script. The package may have brought some of them.
#pragma once

#include <autohttps/tools/autohttps/setup/plan.h>
#include <autohttps/tools/autohttps/setup/surroundings.h>

#include <string>
#include <vector>

namespace autohttps::tools {

// A look every so many minutes; nothing when that is so already.
void plan_renewal(Plan&, const Surroundings&);

// Enabled and running; told to read its sites again when `sites_change`.
void plan_service(Plan&, const Surroundings&, bool sites_change);

// What plan_renewal and plan_service made, taken back.
void unplan_renewal(Plan&, const Surroundings&);
void unplan_service(Plan&, const Surroundings&);

Change write_change(const std::string& path, const std::string& text, const std::string& what,
                    unsigned mode = 0644);
Change run_change(std::vector<std::string> command, const std::string& why);
Change remove_change(const std::string& path);

// "every hour at minute 17 (/etc/cron.d/autohttps)"; empty: nothing of ours looks.
std::string renewal_text(const Surroundings&);

}  // namespace autohttps::tools
