// Asking the person at the terminal.
#pragma once

#include <autohttps/tools/autohttps/output.h>

#include <string>

namespace autohttps::tools {

bool can_ask();  // standard input is a terminal

// Anything but yes is no; Enter alone is `otherwise`.
bool agreed(const std::string& question, bool otherwise, Output&);

}  // namespace autohttps::tools
