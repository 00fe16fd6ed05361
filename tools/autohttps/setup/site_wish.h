// What site is wished for: the line over what the configuration says already.
#pragma once

#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/settings.h>
#include <autohttps/tools/autohttps/setup/machine.h>

#include <string>

namespace autohttps::tools {

std::string config_file(const Settings& line);  // the main file's path, absolute

// What the main file says for every site; its problems are told by who reads the configuration.
Settings main_file(const std::string& path, const Machine&);

// What the line says, over what the names' site says already: more names than before widen the
// site, fewer mean it as it is. To take a name away its file is edited. `above`: of main_file().
Settings wished(const Config&, const Settings& above);

// What can be known wrong before anything is looked at. The service reads the site's file from
// another folder: paths become absolute. Throws Error(config | permission).
Settings checked(const Settings& given);

// The server is not root: what it is to serve must be readable for the store's owner.
void check_readable(const Settings& site);

}  // namespace autohttps::tools
