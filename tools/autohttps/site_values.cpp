#include <autohttps/tools/autohttps/site_values.h>

#include <autohttps/common/error.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/network.h>
#include <autohttps/server/sites/path_prefixes.h>
#include <autohttps/server/sites/upstream_url.h>
#include <autohttps/tools/autohttps/option_values.h>

#include <algorithm>
#include <utility>

namespace autohttps::tools {
namespace {

constexpr long kYear = 365L * 86'400;
constexpr long kLongestHsts = 10 * kYear;
constexpr long kLongestSilence = 86'400;
constexpr long kMostMebibytes = 1'000'000;

// What has a scheme is asked, what has none lies here.
bool is_upstream(std::string_view target) {
  return target.starts_with("unix:") || target.find("://") != std::string_view::npos;
}

}  // namespace

void add_reverse_proxy(Settings& settings, const std::string& value) {
  parse_upstream_url(value);
  settings.reverse_proxy.push_back(value);
}

void set_redirect_to(Settings& settings, const std::string& value) {
  const Identifier host = Identifier::parse(value);
  if (host.is_wildcard()) throw wrong(value, "one host: visitors are sent to it");
  settings.redirect_to = host.value;
}

void set_health_check(Settings& settings, const std::string& value) {
  if (!value.starts_with('/')) throw wrong(value, "a path, as in /healthz");
  settings.health_check = value;
}

void set_upstream_timeout(Settings& settings, const std::string& value) {
  settings.upstream_timeout = parse_duration(value, 1, kLongestSilence);
}

void add_trusted_proxy(Settings& settings, const std::string& value) {
  Network::parse(value);
  settings.trusted_proxies.push_back(value);
}

HeaderField parse_header(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  HeaderField field(text.substr(0, colon), trim(text.substr(std::min(colon + 1, text.size()))));
  if (colon == text.size() || !is_field_name(field.first) || !is_field_value(field.second)) {
    throw Error(ErrorCode::config, "\"" + printable(text, 200) + "\" is not \"Name: value\"",
                "for example \"Cache-Control: max-age=3600\"; \"Name:\" takes it away");
  }
  return field;
}

void add_header(Settings& settings, const std::string& value) {
  parse_header(value);
  settings.headers.push_back(value);
}

void set_hsts(Settings& settings, const std::string& value) {
  const std::string word = to_lower(value);
  if (word == "true" || word == "yes" || word == "on") {
    settings.hsts = std::chrono::seconds(kYear);
  } else if (word == "false" || word == "no" || word == "off") {
    settings.hsts.reset();
  } else {
    settings.hsts = parse_duration(value, 0, kLongestHsts);
  }
}

void set_max_body(Settings& settings, const std::string& value) {
  constexpr std::pair<char, int> kUnits[] = {{'K', 10}, {'M', 20}, {'G', 30}};
  constexpr int kMebi = 20;
  std::string_view digits = value;
  int shift = kMebi;
  for (const auto& [letter, unit] : kUnits) {
    if (!value.ends_with(letter)) continue;
    shift = unit;
    digits.remove_suffix(1);
    break;
  }
  const long most =
      shift > kMebi ? kMostMebibytes >> (shift - kMebi) : kMostMebibytes << (kMebi - shift);
  const long number = parse_number(value, digits, 0, most);
  settings.max_body = static_cast<std::uint64_t>(number) << shift;
}

SitePath parse_route(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size()) {
    throw Error(ErrorCode::config, "\"" + printable(text, 200) + "\" is not PREFIX=TARGET",
                "for example /api=http://127.0.0.1:3000, or /static=/srv/static");
  }
  SitePath path;
  path.prefix = text.substr(0, equals);
  const std::string target(text.substr(equals + 1));
  const PathPrefixes checked({path.prefix});
  if (is_upstream(target)) {
    parse_upstream_url(target);
    path.reverse_proxy = {target};
  } else {
    path.root = target;
  }
  return path;
}

void add_route(Settings& settings, const std::string& value) {
  parse_route(value);
  settings.routes.push_back(value);
}

}  // namespace autohttps::tools
