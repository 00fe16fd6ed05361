// The manual pages, made from the option table like --help: built with the program, not part of it.
#pragma once

#include <string>
#include <vector>

namespace autohttps::tools {

struct ManualPage {
  std::string file;  // "autohttps-obtain.1"
  std::string text;  // man(7)
};

// autohttps(1), a page for each command, autohttps.toml(5).
std::vector<ManualPage> manual_pages();

}  // namespace autohttps::tools
