// What must hold for each site of a configuration, and between them.
#pragma once

#include <autohttps/tools/autohttps/config_file.h>
#include <autohttps/tools/autohttps/settings.h>

#include <string>
#include <vector>

namespace autohttps::tools {

// The sites with nothing wrong, names in canonical form; what is wrong with the others goes to
// `problems`. Staging is the whole program's, since it means another store: `global` takes it from
// the sites when all of them say so.
std::vector<Settings> check_sites(std::vector<ConfigSite>, Settings& global,
                                  std::vector<ConfigProblem>& problems);

// The site that has exactly these names, in whatever order and spelling; null: none.
const Settings* site_with_names(const std::vector<Settings>&,
                                const std::vector<std::string>& names);

}  // namespace autohttps::tools
