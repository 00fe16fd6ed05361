// What a person pastes into another web server's configuration so that it uses a certificate of
// ours.
#pragma once

#include <autohttps/tools/autohttps/setup/virtual_host.h>

#include <filesystem>
#include <string>
#include <vector>

namespace autohttps::tools {

enum class WebServer { none, nginx, apache };

struct Snippet {
  std::string text;   // as pasted; whole lines
  std::string file;   // where to
  bool whole = true;  // a whole server of its own; false: lines within one that is there
  std::vector<std::string> then;  // the commands that make it count
};

// `files`: certificates/<id>/current. `host`: the site on port 80; `secure`: the one that has these
// names on port 443 already, or null.
Snippet snippet_for(WebServer, const std::vector<std::string>& names,
                    const std::filesystem::path& files, const VirtualHost& host,
                    const VirtualHost* secure);

}  // namespace autohttps::tools
