#include <autohttps/tools/autohttps/setup/cadence.h>

#include <autohttps/common/strings.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace autohttps::tools {
namespace {

constexpr int kLooksInALife = 12;  // renewal comes at half of a short life: six looks are left
constexpr std::array kWholeParts{60, 30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1};

std::optional<int> number(std::string_view digits, int most) noexcept {
  int value = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (value < 0 || value > most) return std::nullopt;
  return value;
}

// "17", "*", "3-59/5", "*/5".
std::optional<CronMinutes> minutes_field(std::string_view field) noexcept {
  constexpr int kHour = 60;
  const std::size_t slash = field.find('/');
  const std::string_view range = field.substr(0, slash);
  std::optional<int> first;
  if (range == "*") {
    first = 0;
  } else {
    const std::size_t dash = range.find('-');
    first = number(range.substr(0, dash), kHour - 1);
    const bool ranged = dash != std::string_view::npos;
    if (ranged && range.substr(dash) != "-59") return std::nullopt;
    if (ranged != (slash != std::string_view::npos)) return std::nullopt;
  }
  if (!first) return std::nullopt;
  if (slash == std::string_view::npos) return CronMinutes{range == "*" ? 1 : kHour, *first};
  const std::optional<int> every = number(field.substr(slash + 1), kHour);
  if (!every || *every == 0) return std::nullopt;
  return CronMinutes{*every, *first};
}

}  // namespace

int minutes_between_looks(std::chrono::seconds shortest_life) noexcept {
  const auto wished = std::chrono::floor<std::chrono::minutes>(shortest_life / kLooksInALife);
  const auto* fit = std::ranges::find_if(
      kWholeParts, [&](int part) { return std::chrono::minutes(part) <= wished; });
  return fit == kWholeParts.end() ? 1 : *fit;
}

std::optional<CronMinutes> cron_minutes(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trim(text.substr(at, end - at));
    at = end + 1;
    if (line.starts_with('#') || line.find(" renew") == std::string_view::npos) continue;
    return minutes_field(line.substr(0, line.find_first_of(" \t")));
  }
  return std::nullopt;
}

}  // namespace autohttps::tools
