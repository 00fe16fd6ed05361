// How the CA's question for the names will be answered on port 80 or 443 of this machine.
#pragma once

#include <autohttps/tools/autohttps/settings.h>
#include <autohttps/tools/autohttps/setup/surroundings.h>

#include <string>
#include <vector>

namespace autohttps::tools {

// Where the web server on port 80 has the names, its webroot and its reload hook are put into
// `site`. Throws Error(port | config) that names the holder and the ways out.
void choose_way(Settings& site, const Surroundings&);

// The CA asks DNS, and nobody on this machine.
bool is_answered_by_dns(const Settings&);

// What may make the CA's question fail, told and not held against anybody: only the CA knows how
// the names look from outside.
std::vector<std::string> address_warnings(const std::vector<NameLook>&);

std::string describe(const PortHolder&);  // "nginx (pid 812, nginx.service)"
bool is_ours(const PortHolder&);

}  // namespace autohttps::tools
