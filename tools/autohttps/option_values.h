// From an option's text to the member of Settings that it is about.
#pragma once

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/settings.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace autohttps::tools {

// All setters throw Error(config) that says what would be right.

Error wrong(const std::string& value, const std::string& expected);
bool parse_flag(const std::string& value);
// The digits alone of what is shown as `value`.
long parse_number(const std::string& value, std::string_view digits, long least, long most);
// Seconds, or with a unit: 90, 90s, 2m, 12h, 365d.
std::chrono::seconds parse_duration(const std::string& value, long least, long most);
void check_command(const std::string& value);

template <auto member>
void set_text(Settings& settings, const std::string& value) {
  if (value.empty()) throw wrong(value, "a value: it is empty");
  settings.*member = value;
}

template <auto member>
void set_flag(Settings& settings, const std::string& value) {
  settings.*member = parse_flag(value);
}

template <auto member>
void set_port(Settings& settings, const std::string& value) {
  settings.*member = static_cast<std::uint16_t>(parse_number(value, value, 0, 65535));
}

template <auto member, long most>
void set_size(Settings& settings, const std::string& value) {
  settings.*member = static_cast<std::size_t>(parse_number(value, value, 0, most));
}

template <auto member>
void set_percent(Settings& settings, const std::string& value) {
  const bool sign = value.ends_with('%');
  settings.*member = static_cast<int>(parse_number(
      value, std::string_view(value).substr(0, value.size() - (sign ? 1 : 0)), 0, 100));
}

template <auto member, long most>
void set_duration(Settings& settings, const std::string& value) {
  settings.*member = parse_duration(value, 0, most);
}

template <auto member>
void add_command(Settings& settings, const std::string& value) {
  check_command(value);
  (settings.*member).push_back(value);
}

void set_at_once(Settings&, const std::string& value);
void set_dns_hook(Settings&, const std::string& value);
void set_email(Settings&, const std::string&);
void set_eab_algorithm(Settings&, const std::string& value);
void set_key_types(Settings&, const std::string& value);
void set_reason(Settings&, const std::string& value);
void set_server(Settings&, const std::string& value);
void add_fallback_server(Settings&, const std::string& value);
void set_challenge(Settings&, const std::string& value);
void set_limits(Settings&, const std::string& value);
void set_access_log_format(Settings&, const std::string& value);
void set_metrics(Settings&, const std::string& value);
void add_on_demand(Settings&, const std::string& value);
void add_names(Settings&, const std::string& value);

}  // namespace autohttps::tools
