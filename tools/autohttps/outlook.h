// The outlook of certificates that a person named, or of all.
#pragma once

#include <autohttps/acme/management/outlook.h>

#include <string>
#include <vector>

namespace autohttps::tools {

using acme::is_poll_due;
using acme::life_left;
using acme::look_at;
using acme::needs_a_person;
using acme::Outlook;
using acme::OutlookPart;
using acme::plan_of;
using acme::Standing;
using acme::standing_name;

// Of these, or of all; problems first, then by name. Throws Error(config) for an id that is not
// there, with the nearest spelling.
std::vector<Outlook> look_at_all(acme::CertificateStore&, const std::vector<std::string>& ids,
                                 WallTime now);

}  // namespace autohttps::tools
