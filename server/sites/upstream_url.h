// Where a reverse proxy passes requests on to: http://127.0.0.1:8080, https://app.internal/base.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace autohttps {

struct UpstreamUrl {
  std::string origin;     // "http://127.0.0.1:8080"
  std::string authority;  // "127.0.0.1:8080"
  std::string prefix;     // put before every request's target; no "/" at its end; often empty
};

// Throws Error(config) that says what would be right.
UpstreamUrl parse_upstream_url(std::string_view url);

}  // namespace autohttps
