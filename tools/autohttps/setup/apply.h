// The plan carried out.
#pragma once

#include <autohttps/tools/autohttps/output.h>
#include <autohttps/tools/autohttps/setup/machine.h>
#include <autohttps/tools/autohttps/setup/plan.h>

#include <vector>

namespace autohttps::tools {

// In order, each told as it begins; certificates are the caller's. Stops at the first that fails:
// throws Error(permission | storage | hook), and what was done is found as done by the next run.
void apply(const std::vector<Change>&, Machine&, Output&);

}  // namespace autohttps::tools
