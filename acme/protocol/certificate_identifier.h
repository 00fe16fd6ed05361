// What a CA knows a certificate by: its bytes when it is revoked, its identifier in renewal
// information.
#pragma once

#include <autohttps/common/certified_key.h>

#include <optional>
#include <string>
#include <string_view>

namespace autohttps::acme {

// RFC 9773 4.1: base64url(AKI's keyIdentifier) "." base64url(the serial number's DER content, its
// leading zero kept). Empty when the leaf has no such AKI: no renewal information can be asked for.
std::optional<std::string> certificate_identifier(const CertifiedKey&);
// The same of a chain whose key is elsewhere. Throws Error(crypto) for what is no chain.
std::optional<std::string> certificate_identifier(std::string_view chain_pem);

// RFC 8555 7.6: the first certificate of the chain. Throws Error(crypto).
std::string leaf_der(std::string_view chain_pem);
std::string leaf_der(const CertifiedKey&);

}  // namespace autohttps::acme
