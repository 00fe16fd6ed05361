// One configuration file's text: its keys go into Settings by the option table, and what is wrong
// is told by line and column, all of it at once.
#pragma once

#include <autohttps/tools/autohttps/settings.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::tools {

// Where something stands in a file. Counted from 1; line 0: the file as a whole.
struct ConfigPlace {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
};

struct ConfigProblem {
  ConfigPlace place;
  std::string text;
  std::string hint;
  std::string excerpt;  // the line, as it stands there; empty: none
};

std::string place_text(const ConfigPlace&);      // "FILE:3:14"
std::string headline(const ConfigProblem&);      // "FILE:3:14: TEXT"
std::string problem_text(const ConfigProblem&);  // with excerpt, mark and hint, for a terminal

struct ConfigSource {
  std::string path;  // as it is named in messages; paths inside of it are relative to its folder
  std::string text;
  std::uint32_t owner = 0;     // user id: hooks run as whoever wrote them
  bool look_at_paths = false;  // files and folders that are not there are problems too
};

struct ConfigSite {
  Settings settings;
  ConfigPlace place;        // of the site
  ConfigPlace names_place;  // of its names; the site's where it has none
  std::string excerpt;      // of names_place
};

// The main file: keys into `global`, then each [[site]] on a copy of that. False: what is wrong is
// not only in sites.
bool read_main_file(const ConfigSource&, Settings& global, std::vector<ConfigSite>& sites,
                    std::vector<ConfigProblem>& problems);

// A file of sites.d: one site, its keys at the top.
void read_site_file(const ConfigSource&, const Settings& global, std::vector<ConfigSite>& sites,
                    std::vector<ConfigProblem>& problems);

}  // namespace autohttps::tools
