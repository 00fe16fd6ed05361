// nginx's server blocks, from what `nginx -T` prints or from files put one after the other.
#pragma once

#include <autohttps/tools/autohttps/setup/virtual_host.h>

#include <string>
#include <string_view>
#include <vector>

namespace autohttps::tools {

// Never throws for what it does not understand: such a server is left out. `prefix` is what
// relative roots are below ("/usr/share/nginx").
std::vector<VirtualHost> nginx_hosts(std::string_view configuration, std::string_view prefix);

}  // namespace autohttps::tools
