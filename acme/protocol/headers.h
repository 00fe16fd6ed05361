// The HTTP headers ACME depends on, parsed as strictly as foreign input deserves.
#pragma once

#include <autohttps/acme/protocol/transport.h>
#include <autohttps/common/clock.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// Seconds or an HTTP-date (RFC 9110 10.2.3), clamped to 1 s .. 24 h. Absent, junk or negative:
// empty. A past date: 1 s. Several headers: the longest of those that parse (RELIABILITY F10).
// Until a date exactly: the next question comes neither before it nor a second late.
std::optional<std::chrono::milliseconds> retry_wait(const HttpResponse&, WallTime now);
// The same in whole seconds, rounded up.
std::optional<std::chrono::seconds> retry_after(const HttpResponse&, WallTime now);

// Targets of Link headers with this relation (RFC 8288), resolved against nothing: only absolute
// https ones are kept; at most 10.
std::vector<std::string> links(const HttpResponse&, std::string_view relation);

}  // namespace autohttps::acme
