// Which URLs a CA may send us to: absolute https ones, and no way back into our own machine
// (not installed).
#pragma once

#include <autohttps/common/error.h>

#include <optional>
#include <string>
#include <string_view>

namespace autohttps::acme {

// The checked URL, byte for byte (RFC 8555 6.4: the JWS header repeats it). Refuses anything but
// https (RFC 8555 6.1), relative URLs, user and password, control bytes, more than 2 KiB, and,
// unless `origin` is itself such a host, loopback, unspecified and link-local addresses
// (RELIABILITY F19). `origin`: the CA's directory URL; empty: no such rule. Throws Error(code)
// "<what>: ...".
std::string https_url(std::string_view url, std::string_view what, std::string_view origin,
                      ErrorCode code = ErrorCode::protocol);

// Would https_url() accept it?
bool is_https_url(std::string_view url, std::string_view origin);

// Where a Location header leads (RFC 3986 5.2), not yet checked; empty when it leads nowhere.
std::optional<std::string> resolve_url(std::string_view base, std::string_view reference);

// "ca.test" or "ca.test:14000"; for messages, never throws but for memory.
std::string host_of(std::string_view url);

}  // namespace autohttps::acme
