// Where a reverse proxy passes requests on to: http://127.0.0.1:8080, https://app.internal/base,
// unix:/run/app.sock. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace autohttps {

struct UpstreamUrl {
  enum class Kind : std::uint8_t { plain, tls, socket } kind = Kind::plain;
  std::string host{};       // "127.0.0.1", "::1", "app.internal"; of a socket empty
  std::uint16_t port = 80;  // 443 with TLS
  std::string path{};       // of a socket
  std::string authority{};  // as it stands in the URL: "127.0.0.1:8080"; of a socket "localhost"
  std::string prefix{};     // put before every request's target; no "/" at its end; often empty
  std::string origin{};     // "http://127.0.0.1:8080"
};

// Throws Error(config) that says what would be right.
UpstreamUrl parse_upstream_url(std::string_view url);

}  // namespace autohttps
