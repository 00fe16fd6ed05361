// Certificate requests for tests of what a CA is asked.
#pragma once

#include <autohttps/common/identifier.h>
#include <autohttps/common/private_key.h>

#include <string>
#include <vector>

namespace autohttps {

std::string make_csr(const PrivateKey& key, const std::vector<Identifier>& names);  // DER

}  // namespace autohttps
