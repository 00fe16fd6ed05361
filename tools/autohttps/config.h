// The configuration: the main file, sites.d/*.toml beside it, and over both what the line and the
// environment say.
#pragma once

#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/config_file.h>
#include <autohttps/tools/autohttps/settings.h>

#include <optional>
#include <string>
#include <vector>

namespace autohttps::tools {

inline constexpr const char* kDefaultConfig = "/etc/autohttps/autohttps.toml";
inline constexpr const char* kSitesFolder = "sites.d";  // beside the main file

struct Config {
  Settings line;                   // the line and the environment alone: a reload begins with these
  Settings global;                 // and over the defaults the main file's keys
  std::vector<Settings> sites;     // global and a site's keys; names canonical; none with a problem
  std::vector<std::string> files;  // that were read
  std::vector<std::string> closed;  // default files that this user may not read: not looked at
  std::vector<ConfigProblem> problems;
  bool sound = true;  // false: what is wrong is in the main file outside of sites, and may be the
                      // store
};

// Never throws for what stands in the files.
Config read_config(const Settings& line, bool look_at_paths = false);

// All problems as one error; empty: there are none.
std::optional<Error> problem_of(const Config&);

// What a command does for `names`: the main file's keys, and those of the site that has exactly
// these names.
Settings settings_for(const Config&, const std::vector<std::string>& names);

}  // namespace autohttps::tools
