// Times as text: RFC 3339 on disk and in --json, IMF-fixdate (RFC 9110 5.6.7) in HTTP.
#pragma once

#include <autohttps/common/clock.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace autohttps {

// Seconds since 1970 as a WallTime. Held within 1700 and 2200: system_clock counts nanoseconds in
// 64 bits (to 2262), and a notAfter of 9999 (RFC 5280 4.1.2.5: "no well-defined expiration") must
// leave room for sums.
WallTime from_unix_seconds(std::int64_t) noexcept;

std::string format_rfc3339(WallTime);  // UTC, whole seconds: 2026-11-24T07:30:20Z
// Accepts an offset and a fraction (RFC 3339 5.6). Empty for anything else, and for years outside
// 1970..9999. What is later than 2200 becomes 2200.
std::optional<WallTime> parse_rfc3339(std::string_view) noexcept;
std::string format_http_date(WallTime);  // Sun, 06 Nov 1994 08:49:37 GMT
// Also in the two obsolete forms, which RFC 9110 5.6.7 has recipients accept. Empty for anything
// else.
std::optional<WallTime> parse_http_date(std::string_view) noexcept;
// For people: "in 59 days", "3 hours ago", "now".
std::string format_relative(WallTime when, WallTime now);

}  // namespace autohttps
