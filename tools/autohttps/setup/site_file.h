// sites.d/<id>.toml as setup writes it, and whether anybody else has changed it since.
#pragma once

#include <autohttps/tools/autohttps/settings.h>

#include <string>
#include <string_view>

namespace autohttps::tools {

// The file of one site: every key that is not as in the main file (`above`), or at its default.
// The first line is a mark with a checksum of the rest.
std::string site_text(const Settings& site, const Settings& above);

enum class SiteFile {
  absent,
  ours,    // as setup wrote it
  edited,  // setup wrote it, somebody changed it
  theirs,  // written by hand
};
SiteFile kind_of_site_file(std::string_view text);

}  // namespace autohttps::tools
