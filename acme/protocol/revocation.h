// Why a certificate is revoked (RFC 5280 5.3.1), as far as its holder may say so.
#pragma once

#include <string>
#include <string_view>

namespace autohttps::acme {

// The values are RFC 5280's. Those that only a CA may use are left out.
enum class RevocationReason {
  unspecified = 0,
  key_compromise = 1,
  affiliation_changed = 3,
  superseded = 4,
  cessation_of_operation = 5,
  privilege_withdrawn = 9,
};

std::string_view revocation_reason_name(RevocationReason) noexcept;  // "keyCompromise" ...
RevocationReason parse_revocation_reason(std::string_view);  // throws Error(config) listing them
std::string revocation_reasons();                            // "unspecified, keyCompromise, ..."

}  // namespace autohttps::acme
