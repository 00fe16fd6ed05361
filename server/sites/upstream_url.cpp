#include <autohttps/server/sites/upstream_url.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <sys/un.h>

#include <algorithm>
#include <charconv>

namespace autohttps {
namespace {

constexpr std::size_t kLongestUrl = 2048;
constexpr const char* kExample = "for example http://127.0.0.1:8080";
constexpr const char* kSocketExample = "for example unix:/run/app.sock";
constexpr std::string_view kSocket = "unix:";
constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

[[noreturn]] void refuse(std::string_view url, const std::string& cause, std::string hint) {
  throw Error(ErrorCode::config, "\"" + printable(url, 200) + "\" " + cause, std::move(hint));
}

bool is_port(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 && number < 65536;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_ip6_character(char c) {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

bool is_authority(std::string_view text) {
  std::string_view host = text;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string_view address = text.substr(1, end - 1);
    if (!std::all_of(address.begin(), address.end(), is_ip6_character)) return false;
    host = text.substr(0, end + 1);
  } else {
    host = text.substr(0, text.find(':'));
    if (host.empty() || !std::all_of(host.begin(), host.end(), is_host_character)) return false;
  }
  const std::string_view rest = text.substr(host.size());
  return rest.empty() || (rest.starts_with(':') && is_port(rest.substr(1)));
}

// What follows the host, put before targets.
std::string prefix_of(std::string_view url, std::string_view path) {
  if (path.find_first_of("?#") != std::string_view::npos) {
    refuse(url, "has a query or a fragment: those are the visitor's", "leave out what follows it");
  }
  const auto is_clean = [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; };
  if (!std::all_of(path.begin(), path.end(), is_clean)) {
    refuse(url, "has characters in its path that no URL has", "write them as %XX");
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

// unix:/path/of/socket, unix:/path/of/socket:/base
UpstreamUrl parse_socket(std::string_view url) {
  std::string_view path = url.substr(kSocket.size());
  const std::size_t base = path.find(":/");
  UpstreamUrl parsed;
  parsed.kind = UpstreamUrl::Kind::socket;
  parsed.authority = "localhost";
  if (base != std::string_view::npos) parsed.prefix = prefix_of(url, path.substr(base + 1));
  path = path.substr(0, base);
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) {
    refuse(url, "names no socket by its whole path", kSocketExample);
  }
  if (path.size() > kLongestPath) {
    refuse(url, "has a path longer than a socket's can be (" + std::to_string(kLongestPath) + ")",
           kSocketExample);
  }
  parsed.path = path;
  parsed.origin = kSocket;
  parsed.origin += path;
  return parsed;
}

void take_authority(UpstreamUrl& parsed) {
  std::string_view host = parsed.authority;
  std::string_view port;
  if (const std::size_t colon = host.rfind(':');
      colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  std::from_chars(port.data(), port.data() + port.size(), parsed.port);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  parsed.host = host;
}

}  // namespace

UpstreamUrl parse_upstream_url(std::string_view url) {
  if (url.size() > kLongestUrl) refuse(url, "is longer than an address can be", kExample);
  if (url.starts_with(kSocket)) return parse_socket(url);
  const std::string scheme = to_lower(url.substr(0, url.find("://")));
  if (url.find("://") == std::string_view::npos) {
    const bool is_most = is_authority(to_lower(url.substr(0, url.find('/'))));
    refuse(url, "has no http:// or https:// in front",
           is_most ? "try \"http://" + printable(url, 200) + "\"" : kExample);
  }
  if (scheme != "http" && scheme != "https") {
    refuse(url, "is no http:// or https:// address", kExample);
  }
  const std::string_view rest = url.substr(scheme.size() + 3);
  const std::string_view raw = rest.substr(0, rest.find_first_of("/?#"));
  if (raw.find('@') != std::string_view::npos) {
    refuse(url, "has a user name in it", "leave out what stands before the \"@\"");
  }
  UpstreamUrl parsed;
  parsed.kind = scheme == "https" ? UpstreamUrl::Kind::tls : UpstreamUrl::Kind::plain;
  parsed.port = scheme == "https" ? 443 : 80;
  parsed.authority = to_lower(raw);
  if (!is_authority(parsed.authority)) refuse(url, "names no host and port", kExample);
  parsed.prefix = prefix_of(url, rest.substr(raw.size()));
  parsed.origin = scheme + "://" + parsed.authority;
  take_authority(parsed);
  return parsed;
}

}  // namespace autohttps
