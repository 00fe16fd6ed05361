// RFC 8555 7.1: JSON bodies -> the values of types.h (not installed). All that a CA says is foreign
// text: every bound is checked here.
#pragma once

#include <autohttps/acme/protocol/types.h>

#include <string_view>

namespace autohttps::acme {

// Where a body came from.
struct ResourceContext {
  std::string_view what;    // begins every message: "the directory of \"ca.test\""
  std::string_view origin;  // the CA's directory URL: see https_url()
};

// All throw Error(protocol) for what RFC 8555 does not allow. Members we do not know are ignored; a
// member that may be absent may be null. `url` and `retry_after` are the caller's to fill in: they
// are not in the body.
Directory parse_directory(std::string_view json, const ResourceContext&);          // 7.1.1
Account parse_account(std::string_view json, const ResourceContext&);              // 7.1.2
Order parse_order(std::string_view json, const ResourceContext&);                  // 7.1.3
Authorization parse_authorization(std::string_view json, const ResourceContext&);  // 7.1.4
Challenge parse_challenge(std::string_view json, const ResourceContext&);          // 7.1.5
RenewalInfo parse_renewal_info(std::string_view json, const ResourceContext&);     // RFC 9773 4.2

}  // namespace autohttps::acme
