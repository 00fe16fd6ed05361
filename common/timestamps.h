// Times as text: RFC 3339 on disk and in --json, IMF-fixdate (RFC 9110 5.6.7) in HTTP.
#pragma once

#include <autohttps/common/clock.h>

#include <optional>
#include <string>
#include <string_view>

namespace autohttps {

std::string format_rfc3339(WallTime);  // UTC, whole seconds: 2026-11-24T07:30:20Z
// Accepts an offset and a fraction (RFC 3339 5.6). Empty for anything else, and for years outside
// 1970..9999.
std::optional<WallTime> parse_rfc3339(std::string_view) noexcept;
// IMF-fixdate only; the obsolete forms are not worth a parser. Empty for anything else.
std::optional<WallTime> parse_http_date(std::string_view) noexcept;
// For people: "in 59 days", "3 hours ago", "now".
std::string format_relative(WallTime when, WallTime now);

}  // namespace autohttps
