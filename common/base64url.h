// RFC 4648 5 without padding, as JOSE wants it (RFC 7515 2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace autohttps {

std::string base64url_encode(std::string_view bytes);
// Empty on a foreign character, padding, an impossible length or non-zero trailing bits.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace autohttps
