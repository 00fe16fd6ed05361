// What is asked of a person before something that cannot be taken back.
#pragma once

#include <autohttps/tools/autohttps/output.h>

#include <string>

namespace autohttps::tools {

// Throws Error(config) where nobody can answer, Error(canceled) when the answer is not yes. `what`:
// "revoking a.test"; `consequence` is shown.
void ask_whether(const std::string& what, const std::string& consequence, Output&);

}  // namespace autohttps::tools
