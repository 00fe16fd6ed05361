// One request as one line of an access log. Pure.
#pragma once

#include <autohttps/server/engine/exchange.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace autohttps {

enum class AccessLogFormat : std::uint8_t {
  common,    // as NCSA httpd wrote it: host ident user [time] "request" status bytes
  combined,  // and "referer" "user agent"
  json       // an object
};

// "common", "combined", "json". Throws Error(config) for others.
AccessLogFormat parse_access_log_format(std::string_view name);

// Appends the line with its end. `unix_ms`: when the answer was complete. Nothing that a client
// sends can end a line, start a field or steer a terminal; no field is longer than 4,000 bytes. No
// cookie and no Authorization but the user name of Basic; in targets and referers the values of
// parameters whose names say that they are secrets ("access_token") and the user information of a
// URL are "***".
void append_access_line(std::string& out, AccessLogFormat, const RequestRecord&,
                        std::int64_t unix_ms);

}  // namespace autohttps
