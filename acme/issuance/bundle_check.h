// Whether a bundle may go live (RELIABILITY I3), before it touches disk or server.
#pragma once

#include <autohttps/acme/store/bundle.h>
#include <autohttps/common/certified_key.h>

#include <memory>
#include <string>
#include <vector>

namespace autohttps::acme {

// Throws Error(crypto | protocol) that names what is wrong: chain and key do not parse or match,
// CA:TRUE, an intermediate missing (a lone leaf that is not self-signed; a self-signed one), a name
// of `names` not covered, not valid at `now` (the CA's Date where it gave one, else the clock), 10
// % of its life or less left. Returns it parsed.
std::shared_ptr<const CertifiedKey> check_bundle(const Bundle&,
                                                 const std::vector<Identifier>& names,
                                                 WallTime now);

// A certificate, but not for the bundle's key. False for what is no certificate at all.
bool is_for_another_key(const Bundle&);

// The same question of something that is in the store already: empty when it may be served, else
// why not. Expired is not a reason here: what is on disk is served rather than nothing (DESIGN 5).
std::string trouble_with(const CertifiedKey&, const std::vector<Identifier>& names);

}  // namespace autohttps::acme
