#include <autohttps/tools/autohttps/option_values.h>

#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/acme/management/limits.h>
#include <autohttps/acme/protocol/revocation.h>
#include <autohttps/acme/store/hooks.h>
#include <autohttps/acme/store/key_types.h>
#include <autohttps/common/identifier.h>
#include <autohttps/server/auto_https/metrics_server.h>
#include <autohttps/tools/autohttps/ca_settings.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>
#include <vector>

namespace autohttps::tools {
namespace {

// The environment has one string for a list; a comma or a space can be in no name.
void add_words(const std::string& value, std::vector<std::string>& to) {
  std::string spaced = value;
  std::ranges::replace(spaced, ',', ' ');
  for (const std::string_view name : split(spaced, ' ')) {
    if (!name.empty()) to.emplace_back(name);
  }
}

}  // namespace

Error wrong(const std::string& value, const std::string& expected) {
  return Error(ErrorCode::config, "\"" + printable(value, 100) + "\" is not " + expected);
}

bool parse_flag(const std::string& value) {
  const std::string word = to_lower(value);
  if (word == "1" || word == "true" || word == "yes" || word == "on") return true;
  if (word == "0" || word == "false" || word == "no" || word == "off" || word.empty()) return false;
  throw wrong(value, "true or false");
}

long parse_number(const std::string& value, std::string_view digits, long least, long most) {
  long result = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
  if (error != std::errc() || end != digits.data() + digits.size() || result < least ||
      result > most) {
    throw wrong(value, "a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return result;
}

std::chrono::seconds parse_duration(const std::string& value, long least, long most) {
  constexpr std::pair<char, long> kUnits[] = {{'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}};
  std::string_view digits = value;
  long unit = 1;
  for (const auto& [letter, seconds] : kUnits) {
    if (!value.ends_with(letter)) continue;
    unit = seconds;
    digits.remove_suffix(1);
    break;
  }
  return std::chrono::seconds(parse_number(value, digits, (least + unit - 1) / unit, most / unit) *
                              unit);
}

void check_command(const std::string& value) {
  if (value.find_first_not_of(' ') == std::string::npos) {
    throw wrong(value, "a command: it is empty");
  }
  if (value != kNoHooks) acme::split_command(value);  // throws for what cannot be one
}

void set_at_once(Settings& settings, const std::string& value) {
  settings.at_once = static_cast<int>(parse_number(value, value, 1, 32));
}

void set_dns_hook(Settings& settings, const std::string& value) {
  acme::split_command(value);  // throws for what cannot be one
  settings.dns_hook = value;
}

void set_email(Settings& settings, const std::string& value) {
  acme::CaSpec ca;
  ca.email = value;
  acme::contact_of(ca);  // throws for what is no address
  settings.email = value;
}

void set_eab_algorithm(Settings& settings, const std::string& value) {
  if (value != "HS256" && value != "HS384" && value != "HS512") {
    throw wrong(value, "HS256, HS384 or HS512");
  }
  settings.eab_algorithm = value;
}

void set_key_types(Settings& settings, const std::string& value) {
  settings.key_types = acme::parse_key_types(value);
}

void set_reason(Settings& settings, const std::string& value) {
  settings.reason = acme::revocation_reason_name(acme::parse_revocation_reason(value));
}

void set_server(Settings& settings, const std::string& value) {
  check_ca(value);
  settings.server = value;
}

void add_fallback_server(Settings& settings, const std::string& value) {
  check_ca(value);
  settings.fallback_servers.push_back(value);
}

void set_challenge(Settings& settings, const std::string& value) {
  constexpr std::string_view kTypes[] = {"http-01", "tls-alpn-01", "dns-01", "dns-persist-01"};
  if (std::ranges::find(kTypes, value) == std::end(kTypes)) {
    throw Error(ErrorCode::config,
                "\"" + printable(value, 100) + "\" is no challenge that this version answers",
                "leave it out, and one that works here is chosen; or say http-01 (port 80, or "
                "files with --webroot), tls-alpn-01 (port 443), dns-01 (with --dns-hook) or "
                "dns-persist-01");
  }
  settings.challenge = value;
}

void set_limits(Settings& settings, const std::string& value) {
  acme::Limits::preset(value);  // throws for an unknown name
  settings.limits = value;
}

void add_names(Settings& settings, const std::string& value) { add_words(value, settings.names); }

void set_access_log_format(Settings& settings, const std::string& value) {
  settings.access_log_format = parse_access_log_format(value);
}

void set_metrics(Settings& settings, const std::string& value) {
  parse_metrics_address(value);
  settings.metrics = value;
}

void add_on_demand(Settings& settings, const std::string& value) {
  std::vector<std::string> names;
  add_words(value, names);
  for (std::string& name : names) {
    const Identifier parsed = Identifier::parse(name);
    if (parsed.type != Identifier::Type::dns) {
      throw wrong(value, "DNS names, as in *.example.com: a handshake asks for nothing else");
    }
    settings.on_demand.push_back(parsed.value);
  }
}

}  // namespace autohttps::tools
