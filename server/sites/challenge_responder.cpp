#include <autohttps/common/identifier.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/challenge_responder.h>

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

// RFC 9110 7.2: uri-host [":" port]. The name in canonical form, without its port; empty when it is
// nothing that could be ours.
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

bool covers(std::string_view configured, std::string_view host) {
  const Identifier::Type type =
      configured.find(':') == std::string_view::npos ? Identifier::Type::dns : Identifier::Type::ip;
  const std::string name = to_lower(configured);
  return name == host || name_matches({type, name}, host);
}

// RFC 9112 3.2.1: origin-form, and no byte that a Location could be misread by.
bool is_clean_origin_form(std::string_view target) {
  constexpr std::string_view kUnsafe = "\"<>\\^`{|}#";
  return target.starts_with('/') && target.size() <= kLongestTarget &&
         std::all_of(target.begin(), target.end(), [&](char c) {
           return c > ' ' && c < '\x7f' && kUnsafe.find(c) == std::string_view::npos;
         });
}

}  // namespace

std::optional<std::string> challenge_answer(const ChallengeAnswers& answers,
                                            std::string_view raw_path) {
  if (!raw_path.starts_with(kChallengePath)) return std::nullopt;
  const std::string_view token = raw_path.substr(kChallengePath.size());
  if (!is_token(token)) return std::nullopt;
  return answers.key_authorization(token);
}

std::optional<std::string> redirect_location(const RedirectRules& rules,
                                             std::string_view host_header,
                                             std::string_view raw_target) {
  const std::string host = parse_host(host_header);
  const auto ours = [&](const std::string& configured) { return covers(configured, host); };
  if (host.empty() || std::none_of(rules.hosts.begin(), rules.hosts.end(), ours)) {
    return std::nullopt;
  }
  std::string location = "https://";
  location += host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (rules.public_https_port != 443) location += ":" + std::to_string(rules.public_https_port);
  location += is_clean_origin_form(raw_target) ? raw_target : "/";
  return location;
}

}  // namespace autohttps
