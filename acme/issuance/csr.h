// The certificate signing request of an order (RFC 8555 7.4, RFC 2986): ours, or the user's own.
#pragma once

#include <autohttps/common/identifier.h>
#include <autohttps/common/private_key.h>

#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// DER, signed by `key` with SHA-256 (SHA-384 for P-384). Every name is in subjectAltName, the
// subject is empty: a common name is limited to 64 characters and some profiles refuse one. Throws
// Error(crypto).
std::string certificate_request(const std::vector<Identifier>& names, const PrivateKey& key);

// What a user brings, PEM or DER, as DER and as PEM. Throw Error(config) for anything but one
// request whose signature is its own key's.
std::string request_der(std::string_view pem_or_der);
std::string request_pem(std::string_view pem_or_der);

// Its subjectAltName, and a common name that is not among them, as CAs count it. Throws
// Error(config) for a request without names or with such as no certificate can have.
std::vector<Identifier> names_of_request(std::string_view der);

// Throws Error(config) that says which names are missing or too many.
void check_request(std::string_view der, const std::vector<Identifier>& names);

KeyType key_type_of_request(std::string_view pem_or_der);  // throws Error(config)

}  // namespace autohttps::acme
