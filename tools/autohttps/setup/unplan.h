// What uninstall would take back. Pure, as the plan of setup.
#pragma once

#include <autohttps/tools/autohttps/setup/plan.h>
#include <autohttps/tools/autohttps/setup/surroundings.h>

namespace autohttps::tools {

// What setup wrote and nobody has changed since, and the service it started. A package's files
// stay, and so do those that people wrote.
Plan plan_uninstall(const Surroundings&);

}  // namespace autohttps::tools
