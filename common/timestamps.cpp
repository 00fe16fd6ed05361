#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace autohttps {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t kSecondsOfDay = 86400;
constexpr sys_days kEarliest{std::chrono::year{1700} / 1 / 1};
constexpr sys_days kLatest{std::chrono::year{2200} / 1 / 1};

struct DateTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

// Takes from the front of a text what it is asked for; after the first refusal nothing is taken any
// more.
class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : rest_(text) {}

  int digits(std::size_t count) noexcept {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!at_digit()) return refuse();
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  bool optional(std::string_view literal) noexcept {
    if (!good_ || !rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }
  void literal(std::string_view text) noexcept {
    if (!optional(text)) refuse();
  }
  // The index of the name the text goes on with.
  template <std::size_t count>
  int one_of(const std::array<std::string_view, count>& names) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      if (optional(names[i])) return static_cast<int>(i);
    }
    return refuse();
  }
  bool at_digit() const noexcept {
    return good_ && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
  }
  bool finished() const noexcept { return good_ && rest_.empty(); }
  int refuse() noexcept {
    good_ = false;
    return 0;
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

// Seconds since 1970 of a time `offset` seconds east of Greenwich. Empty for what no calendar and
// no clock shows.
std::optional<std::int64_t> unix_seconds(const DateTime& time, std::int64_t offset) noexcept {
  const year_month_day date{std::chrono::year{time.year},
                            std::chrono::month{static_cast<unsigned>(time.month)},
                            std::chrono::day{static_cast<unsigned>(time.day)}};
  if (!date.ok() || time.hour > 23 || time.minute > 59 || time.second > 60) return std::nullopt;
  const std::int64_t seconds = sys_days(date).time_since_epoch().count() * kSecondsOfDay +
                               std::int64_t{time.hour} * 3600 + std::int64_t{time.minute} * 60 +
                               time.second - offset;
  if (time.second == 60) {
    // A leap second is the last one of a month in UTC (RFC 3339 5.7); POSIX counts it as the next
    // day's first.
    const bool first_of_day = seconds % kSecondsOfDay == 0;
    const year_month_day next{sys_days{std::chrono::days{seconds / kSecondsOfDay}}};
    if (!first_of_day || next.day() != std::chrono::day{1}) return std::nullopt;
  }
  static constexpr std::int64_t kEndOf9999 =
      sys_days{std::chrono::year{10000} / 1 / 1}.time_since_epoch().count() * kSecondsOfDay;
  if (seconds < 0 || seconds >= kEndOf9999) return std::nullopt;
  return seconds;
}

void append_padded(std::string& text, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) text.append(width - digits.size(), '0');
  text += digits;
}

// The digits after the point, to the nanosecond; what is finer is dropped.
std::chrono::nanoseconds read_fraction(Reader& reader) noexcept {
  std::int64_t nanoseconds = 0;
  std::int64_t unit = 100'000'000;
  if (!reader.at_digit()) reader.refuse();
  while (reader.at_digit()) {
    nanoseconds += unit * reader.digits(1);
    unit /= 10;
  }
  return std::chrono::nanoseconds(nanoseconds);
}

std::int64_t read_offset(Reader& reader) noexcept {
  if (reader.optional("Z") || reader.optional("z")) return 0;
  const bool west = reader.optional("-");
  if (!west) reader.literal("+");
  const std::int64_t hours = reader.digits(2);
  reader.literal(":");
  const std::int64_t minutes = reader.digits(2);
  if (hours > 23 || minutes > 59) reader.refuse();
  const std::int64_t offset = hours * 3600 + minutes * 60;
  return west ? -offset : offset;
}

void read_clock(Reader& reader, DateTime& time) noexcept {
  time.hour = reader.digits(2);
  reader.literal(":");
  time.minute = reader.digits(2);
  reader.literal(":");
  time.second = reader.digits(2);
}

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

// RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
bool read_imf_fixdate(std::string_view text, DateTime& time, int& weekday) noexcept {
  Reader reader(text);
  weekday = reader.one_of(kDays);
  reader.literal(", ");
  time.day = reader.digits(2);
  reader.literal(" ");
  time.month = reader.one_of(kMonths) + 1;
  reader.literal(" ");
  time.year = reader.digits(4);
  reader.literal(" ");
  read_clock(reader, time);
  reader.literal(" GMT");
  return reader.finished();
}

// "Sunday, 06-Nov-94 08:49:37 GMT", of a year from 1970 to 2069: who still writes it has no other.
bool read_rfc850_date(std::string_view text, DateTime& time, int& weekday) noexcept {
  Reader reader(text);
  weekday = reader.one_of(kLongDays);
  reader.literal(", ");
  time.day = reader.digits(2);
  reader.literal("-");
  time.month = reader.one_of(kMonths) + 1;
  reader.literal("-");
  time.year = reader.digits(2);
  time.year += time.year < 70 ? 2000 : 1900;
  reader.literal(" ");
  read_clock(reader, time);
  reader.literal(" GMT");
  return reader.finished();
}

// "Sun Nov  6 08:49:37 1994", as asctime(3) writes it, in UTC.
bool read_asctime_date(std::string_view text, DateTime& time, int& weekday) noexcept {
  Reader reader(text);
  weekday = reader.one_of(kDays);
  reader.literal(" ");
  time.month = reader.one_of(kMonths) + 1;
  reader.literal(" ");
  time.day = reader.optional(" ") ? reader.digits(1) : reader.digits(2);
  reader.literal(" ");
  read_clock(reader, time);
  reader.literal(" ");
  time.year = reader.digits(4);
  return reader.finished();
}

}  // namespace

WallTime from_unix_seconds(std::int64_t seconds) noexcept {
  constexpr std::int64_t earliest = kEarliest.time_since_epoch().count() * kSecondsOfDay;
  constexpr std::int64_t latest = kLatest.time_since_epoch().count() * kSecondsOfDay;
  return WallTime(std::chrono::seconds(std::clamp(seconds, earliest, latest)));
}

std::string format_rfc3339(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const sys_days days = std::chrono::floor<std::chrono::days>(seconds);
  const year_month_day date{days};
  const std::chrono::hh_mm_ss clock{seconds - days};
  std::string text;
  append_padded(text, int{date.year()}, 4);
  append_padded(text += '-', unsigned{date.month()}, 2);
  append_padded(text += '-', unsigned{date.day()}, 2);
  append_padded(text += 'T', clock.hours().count(), 2);
  append_padded(text += ':', clock.minutes().count(), 2);
  append_padded(text += ':', clock.seconds().count(), 2);
  return text += 'Z';
}

std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept {
  Reader reader(text);
  DateTime time;
  time.year = reader.digits(4);
  reader.literal("-");
  time.month = reader.digits(2);
  reader.literal("-");
  time.day = reader.digits(2);
  if (!reader.optional("T")) reader.literal("t");  // 5.6: either may be lower case
  read_clock(reader, time);
  const auto fraction =
      reader.optional(".") ? read_fraction(reader) : std::chrono::nanoseconds::zero();
  const std::int64_t offset = read_offset(reader);
  if (!reader.finished()) return std::nullopt;
  const auto seconds = unix_seconds(time, offset);
  if (!seconds) return std::nullopt;
  return from_unix_seconds(*seconds) + std::chrono::duration_cast<WallTime::duration>(fraction);
}

std::string format_http_date(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const sys_days days = std::chrono::floor<std::chrono::days>(seconds);
  const year_month_day date{days};
  const std::chrono::hh_mm_ss clock{seconds - days};
  std::string text(kDays.at(std::chrono::weekday{days}.c_encoding()));
  append_padded(text += ", ", unsigned{date.day()}, 2);
  text += ' ';
  text += kMonths.at(unsigned{date.month()} - 1);
  append_padded(text += ' ', int{date.year()}, 4);
  append_padded(text += ' ', clock.hours().count(), 2);
  append_padded(text += ':', clock.minutes().count(), 2);
  append_padded(text += ':', clock.seconds().count(), 2);
  return text += " GMT";
}

std::optional<WallTime> parse_http_date(std::string_view text) noexcept {
  DateTime time;
  int weekday = 0;
  if (!read_imf_fixdate(text, time, weekday) && !read_rfc850_date(text, time, weekday) &&
      !read_asctime_date(text, time, weekday)) {
    return std::nullopt;
  }
  const auto seconds = unix_seconds(time, 0);
  if (!seconds) return std::nullopt;
  const std::int64_t leap = time.second == 60 ? 1 : 0;  // its own day, not the next one's
  const std::chrono::weekday actual{sys_days{std::chrono::days{(*seconds - leap) / kSecondsOfDay}}};
  if (actual.c_encoding() != static_cast<unsigned>(weekday)) return std::nullopt;
  return from_unix_seconds(*seconds);
}

std::string format_relative(WallTime when, WallTime now) {
  // Whole seconds first: the difference of two far times in nanoseconds may not fit.
  const std::int64_t difference =
      std::chrono::floor<std::chrono::seconds>(when).time_since_epoch() / std::chrono::seconds(1) -
      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch() / std::chrono::seconds(1);
  const std::int64_t seconds = difference < 0 ? -difference : difference;
  if (seconds == 0) return "now";
  std::string amount;
  const auto count = [&](std::int64_t unit, std::string_view name) {
    const std::int64_t number = seconds / unit;
    amount = std::to_string(number) + " " + std::string(name) + (number == 1 ? "" : "s");
  };
  // The smaller unit up to two of the larger one: "1 day" would hide nearly a second day.
  if (seconds < 120) {
    count(1, "second");
  } else if (seconds < std::int64_t{2} * 3600) {
    count(60, "minute");
  } else if (seconds < 2 * kSecondsOfDay) {
    count(3600, "hour");
  } else {
    count(kSecondsOfDay, "day");
  }
  return difference > 0 ? "in " + amount : amount + " ago";
}

}  // namespace autohttps
