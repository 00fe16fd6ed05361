#include <autohttps/acme/protocol/url.h>

#include <autohttps/common/strings.h>

#include <curl/curl.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <memory>

namespace autohttps::acme {
namespace {

constexpr std::size_t kMostUrlBytes = 2048;  // CAs need about 100

struct UrlFree {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
struct PartFree {
  void operator()(char* part) const noexcept { curl_free(part); }
};
using UrlPtr = std::unique_ptr<CURLU, UrlFree>;

// curl's own reading: what is checked here is what is connected to later ("https://127.1/" is
// 127.0.0.1 to both).
UrlPtr parse(std::string_view url, unsigned flags = 0) {
  UrlPtr parsed(curl_url());
  if (!parsed) throw std::bad_alloc();
  const std::string text(url);
  if (curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), flags) != CURLUE_OK) return nullptr;
  return parsed;
}

std::string part(const UrlPtr& url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, PartFree> owner(text);
  return text;
}

bool is_local_v4(const std::array<unsigned char, 4>& address) {
  return address[0] == 127 || address[0] == 0 || (address[0] == 169 && address[1] == 254);
}

bool is_local_v6(const std::array<unsigned char, 16>& address) {
  const auto zeros = [&](std::size_t count) {
    return std::all_of(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(count),
                       [](unsigned char byte) { return byte == 0; });
  };
  const std::array<unsigned char, 4> last = {address[12], address[13], address[14], address[15]};
  if (zeros(15) && address[15] <= 1) return true;                                         // ::, ::1
  if (zeros(10) && address[10] == 0xff && address[11] == 0xff) return is_local_v4(last);  // mapped
  return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;  // link-local
}

// This machine, or what only it can reach: nothing a CA elsewhere has to send us to.
bool is_local_host(std::string_view host) {
  std::string name = to_lower(host);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  name = name.substr(0, name.find('%'));
  while (name.ends_with('.')) name.pop_back();
  std::array<unsigned char, 4> v4{};
  std::array<unsigned char, 16> v6{};
  if (::inet_pton(AF_INET, name.c_str(), v4.data()) == 1) return is_local_v4(v4);
  if (::inet_pton(AF_INET6, name.c_str(), v6.data()) == 1) return is_local_v6(v6);
  return name == "localhost" || name.ends_with(".localhost");
}

bool has_only_url_characters(std::string_view url) {
  return std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// Why not; empty: it may be used.
std::string objection(std::string_view url, std::string_view origin) {
  if (url.size() > kMostUrlBytes) return "is longer than any URL of a CA need be";
  if (!has_only_url_characters(url)) return "holds characters that no URL has";
  if (!equals_ignoring_case(url.substr(0, 8), "https://")) {
    return "is not an https:// URL (RFC 8555 6.1)";
  }
  if (url.substr(8).starts_with('/')) return "names no host";  // curl forgives a slash too many
  const UrlPtr parsed = parse(url);
  if (!parsed) return "is not a URL";
  if (!part(parsed, CURLUPART_USER).empty() || !part(parsed, CURLUPART_PASSWORD).empty() ||
      url.substr(8, url.find_first_of("/?#", 8) - 8).find('@') != std::string_view::npos) {
    return "has a user name in it";
  }
  const std::string host = part(parsed, CURLUPART_HOST);
  if (host.empty()) return "names no host";
  if (origin.empty() || !is_local_host(host)) return {};
  const UrlPtr home = parse(origin);
  if (home && is_local_host(part(home, CURLUPART_HOST))) return {};
  return "leads into this machine, which the CA is not on";
}

}  // namespace

std::string https_url(std::string_view url, std::string_view what, std::string_view origin,
                      ErrorCode code) {
  const std::string why = objection(url, origin);
  if (why.empty()) return std::string(url);
  throw Error(code, std::string(what) + ": \"" + printable(url, 200) + "\" " + why);
}

bool is_https_url(std::string_view url, std::string_view origin) {
  return objection(url, origin).empty();
}

std::optional<std::string> resolve_url(std::string_view base, std::string_view reference) {
  if (reference.empty() || !has_only_url_characters(reference)) return std::nullopt;
  const UrlPtr url = parse(base);
  const std::string text(reference);
  if (!url ||
      curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return std::nullopt;
  }
  return part(url, CURLUPART_URL);
}

std::string host_of(std::string_view url) {
  const UrlPtr parsed = parse(url);
  if (!parsed) return printable(url, 200);
  const std::string port = part(parsed, CURLUPART_PORT);
  return printable(part(parsed, CURLUPART_HOST), 200) + (port.empty() ? "" : ":" + port);
}

}  // namespace autohttps::acme
