#include <autohttps/server/sites/host.h>

#include <autohttps/common/strings.h>

#include <arpa/inet.h>

#include <algorithm>

namespace autohttps {
namespace {

constexpr std::size_t kLongestHost = 255;     // RFC 1035 2.3.4
constexpr std::size_t kLongestTarget = 8192;  // what browsers and servers agree on

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

// "[2001:db8::1]" and canonical; empty for anything else.
std::string canonical_ip6(std::string_view text) {
  in6_addr address{};
  char canonical[INET6_ADDRSTRLEN];
  if (::inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1 ||
      ::inet_ntop(AF_INET6, &address, canonical, sizeof canonical) == nullptr) {
    return {};
  }
  return canonical;
}

}  // namespace

std::string parse_host(std::string_view header) {
  if (header.size() > kLongestHost + 8) return {};
  std::string_view port;
  std::string host;
  if (header.starts_with('[')) {
    const std::size_t end = header.find(']');
    if (end == std::string_view::npos) return {};
    host = canonical_ip6(header.substr(1, end - 1));
    port = header.substr(end + 1);
  } else {
    const std::size_t colon = header.find(':');
    host = to_lower(header.substr(0, colon));
    if (colon != std::string_view::npos) port = header.substr(colon);
    if (host.ends_with('.')) host.pop_back();  // the same host, fully qualified
    if (!std::all_of(host.begin(), host.end(), is_host_character)) return {};
  }
  if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) return {};
  return host;
}

std::string_view parse_host(std::string_view header, std::string& storage) {
  if (!header.empty() && header.size() <= kLongestHost && header.back() != '.' &&
      std::all_of(header.begin(), header.end(), is_host_character)) {
    return header;
  }
  return storage = parse_host(header);
}

bool is_address(const std::string& host) {
  in6_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

std::string authority_of(std::string_view host, unsigned https_port) {
  constexpr unsigned kHttps = 443;
  std::string text(host);
  if (host.find(':') != std::string_view::npos) text = "[" + text + "]";
  if (https_port != kHttps) text += ":" + std::to_string(https_port);
  return text;
}

bool is_clean_origin_form(std::string_view target) {
  constexpr std::string_view kUnsafe = "\"<>\\^`{|}#";
  return target.starts_with('/') && target.size() <= kLongestTarget &&
         std::all_of(target.begin(), target.end(), [&](char c) {
           return c > ' ' && c < '\x7f' && kUnsafe.find(c) == std::string_view::npos;
         });
}

}  // namespace autohttps
