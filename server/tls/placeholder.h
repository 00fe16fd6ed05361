// What is served for a name we manage until its first certificate is here: self-signed, marked,
// valid a short while.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/credentials.h>
#include <autohttps/common/identifier.h>

#include <memory>
#include <string>
#include <vector>

namespace autohttps {

// Common name "autohttps placeholder: certificate being obtained". Throws Error(crypto).
std::shared_ptr<const Credentials> make_placeholder(std::string certificate_id,
                                                    const std::vector<Identifier>& names,
                                                    WallTime now);

}  // namespace autohttps
