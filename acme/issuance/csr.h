// The certificate signing request of an order (RFC 8555 7.4, RFC 2986).
#pragma once

#include <autohttps/common/identifier.h>
#include <autohttps/common/private_key.h>

#include <string>
#include <vector>

namespace autohttps::acme {

// DER, signed by `key` with SHA-256 (SHA-384 for P-384). Every name is in subjectAltName, the
// subject is empty: a common name is limited to 64 characters and some profiles refuse one. Throws
// Error(crypto).
std::string certificate_request(const std::vector<Identifier>& names, const PrivateKey& key);

}  // namespace autohttps::acme
