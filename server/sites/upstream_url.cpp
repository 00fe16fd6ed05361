#include <autohttps/server/sites/upstream_url.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <charconv>

namespace autohttps {
namespace {

constexpr std::size_t kLongestUrl = 2048;
constexpr const char* kExample = "for example http://127.0.0.1:8080";

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

}  // namespace

UpstreamUrl parse_upstream_url(std::string_view url) {
  if (url.size() > kLongestUrl) refuse(url, "is longer than an address can be", kExample);
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
  const std::string authority = to_lower(raw);
  if (!is_authority(authority)) refuse(url, "names no host and port", kExample);
  std::string_view prefix = rest.substr(authority.size());
  if (prefix.find_first_of("?#") != std::string_view::npos) {
    refuse(url, "has a query or a fragment: those are the visitor's", "leave out what follows it");
  }
  const auto is_clean = [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; };
  if (!std::all_of(prefix.begin(), prefix.end(), is_clean)) {
    refuse(url, "has characters in its path that no URL has", "write them as %XX");
  }
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return {scheme + "://" + authority, authority, std::string(prefix)};
}

}  // namespace autohttps
