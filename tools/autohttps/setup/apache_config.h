// Apache's VirtualHost blocks, from the files of sites-enabled.
#pragma once

#include <autohttps/tools/autohttps/setup/virtual_host.h>

#include <string>
#include <string_view>
#include <vector>

namespace autohttps::tools {

// The hosts of one file, in its order; the first of all files is Apache's default. A DocumentRoot
// with a variable counts as none.
std::vector<VirtualHost> apache_hosts(std::string_view text, const std::string& file);

}  // namespace autohttps::tools
