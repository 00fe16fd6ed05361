// Which certificates a run is about, found by looking: a port is bound and a CA is asked only for
// these.
#pragma once

#include <autohttps/acme/management/manager.h>
#include <autohttps/tools/autohttps/outlook.h>

#include <string>
#include <vector>

namespace autohttps::tools {

struct Candidates {
  std::vector<std::string> ids;       // for the manager
  std::vector<acme::Outcome> others;  // nothing to do
  bool needs_port = false;            // one of them will ask for an answer on the HTTP port
};

// `options` as they go to the manager: person, force.
Candidates choose(const std::vector<Outlook>&, const acme::RunOptions& options, WallTime now);

}  // namespace autohttps::tools
