#include <autohttps/server/sites/forwarding.h>

#include <autohttps/common/strings.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <vector>

namespace autohttps {
namespace {

constexpr const char* kPseudonym = "autohttps";  // RFC 9110 7.6.3
constexpr std::ptrdiff_t kMostOfOurs = 5;

constexpr std::string_view kOneHop[] = {
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
};

// "proxy": CGI programs would take it for a setting of theirs (CVE-2016-5385).
constexpr std::string_view kOursToSay[] = {
    "host",
    "expect",
    "proxy",
    "forwarded",
    "x-forwarded-for",
    "x-real-ip",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-server",
};

std::string canonical(std::string_view name) {
  std::string text = to_lower(name);
  std::ranges::replace(text, '_', '-');
  return text;
}

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

HeaderFields fields_for_upstream(const HeaderFields& fields, const ForwardedFor& forwarded) {
  const std::vector<std::string> named = list_members(fields, "Connection");
  HeaderFields passed;
  for (const HeaderField& field : fields) {
    const std::string name = canonical(field.first);
    if (is_one_of(kOneHop, name) || is_one_of(kOursToSay, name) || name == "via") continue;
    if (std::ranges::find(named, to_lower(field.first)) != named.end()) continue;
    passed.push_back(field);
  }
  std::string via;
  for (const auto& [name, value] : fields) {
    if (equals_ignoring_case(name, "Via") && !value.empty()) via += value + ", ";
  }
  passed.emplace_back("Host", forwarded.host);
  passed.emplace_back("X-Forwarded-For", forwarded.client);
  passed.emplace_back("X-Forwarded-Proto", "https");
  passed.emplace_back("X-Forwarded-Host", forwarded.host);
  passed.emplace_back("Via", via + "1.1 " + kPseudonym);
  return passed;
}

HeaderFields fields_for_client(const HeaderFields& fields) {
  const std::vector<std::string> named = list_members(fields, "Connection");
  HeaderFields passed;
  for (const HeaderField& field : fields) {
    if (is_one_of(kOneHop, to_lower(field.first))) continue;
    if (std::ranges::find(named, to_lower(field.first)) != named.end()) continue;
    if (is_field_name(field.first) && is_field_value(field.second)) passed.push_back(field);
  }
  return passed;
}

bool goes_in_a_circle(const HeaderFields& fields) {
  const std::vector<std::string> hops = list_members(fields, "Via");
  const auto is_ours = [](const std::string& hop) {
    return hop.ends_with(std::string(" ") + kPseudonym);
  };
  return std::ranges::count_if(hops, is_ours) >= kMostOfOurs;
}

bool asks_for_upgrade(const HeaderFields& fields) {
  const std::vector<std::string> named = list_members(fields, "Connection");
  return count_fields(fields, "Upgrade") > 0 && std::ranges::find(named, "upgrade") != named.end();
}

}  // namespace autohttps
