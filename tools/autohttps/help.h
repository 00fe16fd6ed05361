// --help, made from the option table.
#pragma once

#include <autohttps/tools/autohttps/options.h>

#include <string>

namespace autohttps::tools {

std::string overview();       // what commands there are
std::string help_text(Verb);  // one command: its flags and their environment variables

}  // namespace autohttps::tools
