// What setup would change, decided from what it found. Pure: no file is touched, nobody is asked.
#pragma once

#include <autohttps/tools/autohttps/settings.h>
#include <autohttps/tools/autohttps/setup/surroundings.h>

#include <string>
#include <vector>

namespace autohttps::tools {

struct Change {
  enum class Kind { certificate, write, remove, remove_folder, run } kind = Kind::run;
  std::string what;  // for a person: "write /etc/cron.d/autohttps: look every hour, at minute 17"
  std::string path;  // write, remove, remove_folder
  std::string text;  // write
  unsigned mode = 0644;
  std::vector<std::string> command{};  // run
};

struct Plan {
  Settings site;  // as it is to be: with the webroot that was found and the hook that was proposed
  bool serves = false;          // by a service of ours
  Snippet snippet;              // for another server; empty text: none
  std::vector<Change> changes;  // in order; empty: all is so already
  std::vector<std::string> warnings;
};

// Throws Error(port | config) for what cannot be, with the ways out.
Plan plan_setup(const Settings&, const Surroundings&);

// A look every so many minutes, from what is known of the certificates' lives.
int cadence_of(const Surroundings&);

}  // namespace autohttps::tools
