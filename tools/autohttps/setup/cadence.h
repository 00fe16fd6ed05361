// How often `renew` looks, and how a cron entry says it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace autohttps::tools {

// A twelfth of the shortest life, between a minute and an hour, rounded down to what fits into an
// hour as a whole: 1 2 3 4 5 6 10 12 15 20 30 60.
int minutes_between_looks(std::chrono::seconds shortest_life) noexcept;

// The minutes of our entry in a file of cron.d. Empty: there is none that we understand.
struct CronMinutes {
  int every = 0;
  int first = 0;
  bool operator==(const CronMinutes&) const = default;
};
std::optional<CronMinutes> cron_minutes(std::string_view text) noexcept;

}  // namespace autohttps::tools
