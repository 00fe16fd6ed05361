// What the store has for the wished names, without changing it or asking anybody.
#pragma once

#include <autohttps/tools/autohttps/settings.h>
#include <autohttps/tools/autohttps/setup/surroundings.h>

namespace autohttps::tools {

// Throws Error(config) when the names belong to another certificate.
CertificateLook look_at_certificate(const Settings&);

}  // namespace autohttps::tools
