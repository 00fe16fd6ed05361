// Two extensions of a client hello, read from their raw bytes. Pure: no OpenSSL in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

// RFC 6066 3: the one host_name, lower-case, without a final dot. Empty text: a name that no
// certificate can be for (bytes outside A-Z a-z 0-9 . - _), so never found and never asked for.
// No value: malformed (decode_error).
std::optional<std::string> parse_server_name(std::string_view extension);

// RFC 7301 3.1: the protocols as views into `extension`. More than kMostProtocols are not looked
// at. No value: malformed (decode_error).
inline constexpr std::size_t kMostProtocols =
    32;  // clients send two or three; a hostile one 32,767
std::optional<std::vector<std::string_view>> parse_alpn(std::string_view extension);

}  // namespace autohttps
