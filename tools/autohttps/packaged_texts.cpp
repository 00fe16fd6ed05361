#include <autohttps/tools/autohttps/packaged_texts.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <packaged_sources.h>

#include <algorithm>
#include <string_view>

namespace autohttps::tools {
namespace {

constexpr int kHour = 60;

std::string_view source_of(PackagedText text) noexcept {
  switch (text) {
    case PackagedText::service:
      return packaged_source::kService;
    case PackagedText::socket:
      return packaged_source::kSocket;
    case PackagedText::renew_service:
      return packaged_source::kRenewService;
    case PackagedText::renew_timer:
      return packaged_source::kRenewTimer;
    case PackagedText::init_script:
      return packaged_source::kInitScript;
    case PackagedText::cron:
      return packaged_source::kCron;
  }
  return {};
}

bool is_plain(std::string_view value, std::string_view more) {
  return std::ranges::all_of(value, [more](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || more.find(letter) != std::string_view::npos;
  });
}

std::string replaced(std::string_view value, std::string_view each, std::string_view by) {
  std::string result;
  for (const char letter : value) {
    if (each.find(letter) == std::string_view::npos) {
      result += letter;
    } else {
      for (const char out : by) result += out == '&' ? letter : out;
    }
  }
  return result;
}

// sh(1): inside single quotes nothing but a single quote means anything.
std::string shell_word(std::string_view value) {
  if (is_plain(value, "/._-+,:=@") && !value.empty()) return std::string(value);
  return "'" + replaced(value, "'", "'\\''") + "'";
}

// systemd.syntax(7), and the specifiers of systemd.unit(5). Calendar expressions come as they are.
std::string unit_word(std::string_view value) {
  if (is_plain(value, "/._-+,:=@*")) return std::string(value);
  return "\"" + replaced(replaced(value, "\\\"", "\\&"), "%", "%&") + "\"";
}

void check_value(PackagedText text, const std::string& name, const std::string& value) {
  // Newlines would be lines of their own. The rest has meanings that quoting does not take away
  // everywhere: variables in unit files, the end of the command in crontab(5).
  std::string_view barred;
  if (text == PackagedText::cron) barred = "%\\";
  if (text == PackagedText::service || text == PackagedText::renew_service) barred = "$";
  const bool controls =
      std::ranges::any_of(value, [](unsigned char byte) { return byte < ' ' || byte == 0x7f; });
  if (!controls && value.find_first_of(barred) == std::string::npos) return;
  throw Error(ErrorCode::config,
              "\"" + printable(value, 300) + "\" (" + name + ") has a character that " +
                  packaged_name(text) + " cannot carry",
              "use a path of letters, digits and / . _ -");
}

std::string word_for(PackagedText text, std::string_view name, const std::string& value) {
  if (text == PackagedText::init_script) return shell_word(value);
  if (text == PackagedText::cron) return name == "CRON_MINUTES" ? value : shell_word(value);
  return unit_word(value);
}

bool is_placeholder(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char letter) {
    return (letter >= 'A' && letter <= 'Z') || letter == '_';
  });
}

}  // namespace

PackagedValues packaged_defaults() {
  PackagedValues values = {{"PROGRAM", "/usr/bin/autohttps"},
                           {"CONFIG", "/etc/autohttps/autohttps.toml"},
                           {"STORE", "/var/lib/autohttps"},
                           {"USER", "autohttps"},
                           {"GROUP", "autohttps"},
                           {"STATE_DIRECTORY", "autohttps"}};
  with_cadence(values, kHour, 0);
  return values;
}

void with_cadence(PackagedValues& values, int minutes, int minute) {
  minutes = std::clamp(minutes, 1, kHour);
  minute = (minute % minutes + minutes) % minutes;
  values["EVERY"] = std::to_string(minutes);
  values["CALENDAR"] = minutes == kHour ? "hourly" : "*:0/" + std::to_string(minutes);
  values["CRON_MINUTES"] = minutes == kHour
                               ? std::to_string(minute)
                               : std::to_string(minute) + "-59/" + std::to_string(minutes);
}

std::string packaged_text(PackagedText text, const PackagedValues& values) {
  std::string_view rest = source_of(text);
  std::string result;
  for (;;) {
    const std::size_t at = rest.find('@');
    result += rest.substr(0, at);
    if (at == std::string_view::npos) return result;
    rest.remove_prefix(at + 1);
    const std::string_view name = rest.substr(0, rest.find('@'));
    if (!is_placeholder(name) || name.size() == rest.size()) {
      result += '@';  // one of systemd's own: SystemCallFilter=@system-service
      continue;
    }
    const auto value = values.find(name);
    if (value == values.end()) {
      throw Error(ErrorCode::internal, std::string("no value for @") + std::string(name) + "@ of " +
                                           packaged_name(text));
    }
    check_value(text, value->first, value->second);
    result += word_for(text, name, value->second);
    rest.remove_prefix(name.size() + 1);
  }
}

const char* packaged_name(PackagedText text) noexcept {
  switch (text) {
    case PackagedText::service:
      return "autohttps.service";
    case PackagedText::socket:
      return "autohttps.socket";
    case PackagedText::renew_service:
      return "autohttps-renew.service";
    case PackagedText::renew_timer:
      return "autohttps-renew.timer";
    case PackagedText::init_script:
      return "autohttps.init";
    case PackagedText::cron:
      return "autohttps.cron";
  }
  return "";
}

}  // namespace autohttps::tools
