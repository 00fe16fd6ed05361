// Which certificates a run is about, found by looking: a port is bound and a CA asked only for
// these.
#pragma once

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/management/manager.h>
#include <autohttps/tools/autohttps/challenge_front.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/output.h>
#include <autohttps/tools/autohttps/settings.h>

#include <stop_token>
#include <string>
#include <vector>

namespace autohttps::tools {

struct OnPort {
  std::string id;
  Door door;
};

struct Candidates {
  std::vector<OnPort> on_port;         // their answers are asked for on a port of this machine
  std::vector<std::string> elsewhere;  // answered by files in a webroot or by DNS, or only deferred
  std::vector<acme::Outcome> others;   // nothing to do
};

// What its names can be proven by, of what needs a port here.
Door door_of(const Outlook&);

// `options` as they go to the manager: person, force.
Candidates choose(const std::vector<Outlook>&, const acme::RunOptions& options, WallTime now);

// How a run goes about it, of the flags: force, how many at once, how long to wait for a lock.
acme::RunOptions run_options(const Settings&);

// Looks at these certificates (none: all), binds the ports that they need, and runs those that are
// due. A port that cannot be had is the Outcome of those that need it, and stops no other.
std::vector<acme::Outcome> run_due(AutoCertificates&, const std::vector<std::string>& ids,
                                   acme::RunOptions, const Settings&, Output&, std::stop_token);

}  // namespace autohttps::tools
