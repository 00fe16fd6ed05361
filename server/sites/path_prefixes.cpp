#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/path_prefixes.h>

#include <algorithm>
#include <utility>

namespace autohttps {
namespace {

using Views = std::vector<std::string_view>;

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Decoded {
  std::string text;
  bool sound = true;  // every "%" began an escape
};

// RFC 3986 2.1, once. What is no escape stays.
Decoded decoded(std::string_view text) {
  Decoded result;
  result.text.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result.text += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      result.text += '%';
      result.sound = false;
      continue;
    }
    result.text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

// One way to read a path: what of these is done.
enum Reading : unsigned {
  kMerges = 1,       // an empty segment is none
  kFirst = 2,        // decoded before it is split: what an escape was hiding separates too
  kTwice = 4,        // escapes of escapes are decoded too
  kBackslash = 8,    // is a "/"
  kCuts = 16,        // ";" begins a parameter of a segment (RFC 3986 3.3)
  kCutsBefore = 32,  // before anything is decoded
  kReadings = 64
};

// Those that make a difference for this path.
unsigned readings_of(std::string_view path, const std::string& once) {
  const std::string twice = decoded(once).text;
  const auto has = [&](char c) { return twice.find(c) != std::string::npos; };
  unsigned readings = kMerges;
  if (path.find('%') != std::string_view::npos) readings |= kFirst;
  if (twice != once) readings |= kTwice;
  if (has('\\') || once.find('\\') != std::string::npos) readings |= kBackslash;
  if (has(';') || once.find(';') != std::string::npos) readings |= kCuts | kCutsBefore;
  return readings;
}

std::string without_parameters(std::string_view path) {
  std::string result;
  bool cut = false;
  for (const char c : path) {
    if (c == '/' || c == ';') cut = c == ';';
    if (!cut) result += c;
  }
  return result;
}

std::vector<std::string> segments(std::string_view path, unsigned reading) {
  const auto read = [&](std::string_view text) {
    std::string once = decoded(text).text;
    return (reading & kTwice) != 0 ? decoded(once).text : once;
  };
  const bool first = (reading & kFirst) != 0;
  std::string whole = (reading & kCutsBefore) != 0 ? without_parameters(path) : std::string(path);
  if (first) whole = read(whole);
  std::vector<std::string> result;
  std::string_view rest = std::string_view(whole).substr(1);
  for (bool more = true; more;) {
    const std::size_t end =
        std::min(rest.find_first_of((reading & kBackslash) != 0 ? "/\\" : "/"), rest.size());
    std::string segment = first ? std::string(rest.substr(0, end)) : read(rest.substr(0, end));
    more = end < rest.size();
    rest.remove_prefix(more ? end + 1 : end);
    if ((reading & kCuts) != 0) segment.erase(std::min(segment.find(';'), segment.size()));
    if (!segment.empty() || (reading & kMerges) == 0) result.push_back(std::move(segment));
  }
  return result;
}

bool is_dots(std::string_view segment) noexcept { return segment == "." || segment == ".."; }

// There is but one way to read it.
bool is_plain(std::string_view path) noexcept {
  char before = '\0';
  for (const char c : path) {
    if (c == '%' || c == ';' || c == '\\' || c == '\0') return false;
    if (before == '/' && (c == '/' || c == '.')) return false;
    before = c;
  }
  return true;
}

[[noreturn]] void refuse(std::string_view prefix, const std::string& cause) {
  throw Error(ErrorCode::config, "the prefix \"" + printable(prefix, 200) + "\" " + cause,
              "for example \"/api\": it holds for /api and all that begins with /api/");
}

std::vector<std::string> segments_of_prefix(std::string_view prefix) {
  if (!prefix.starts_with('/')) refuse(prefix, "does not begin with \"/\"");
  std::string_view rest = prefix;
  while (rest.ends_with('/')) rest.remove_suffix(1);
  std::vector<std::string> result;
  if (rest.empty()) return result;
  const auto is_clean = [](char c) {
    constexpr std::string_view kNever = "%;\\?#*\"<>\x7f";
    return static_cast<unsigned char>(c) > ' ' && kNever.find(c) == std::string_view::npos;
  };
  if (!std::all_of(rest.begin(), rest.end(), is_clean)) {
    refuse(prefix, "has a character that no prefix has: it is written decoded, without patterns");
  }
  for (const std::string_view segment : split(rest.substr(1), '/')) {
    if (segment.empty() || is_dots(segment)) refuse(prefix, "is no path in its shortest form");
    result.emplace_back(segment);
  }
  return result;
}

}  // namespace

PathPrefixes::PathPrefixes(const std::vector<std::string>& prefixes) : prefixes_(1) {
  for (const std::string& prefix : prefixes) {
    Segments next = segments_of_prefix(prefix);
    if (std::ranges::find(prefixes_, next) != prefixes_.end()) {
      refuse(prefix, next.empty() ? "is the site's own: say above what it does" : "is there twice");
    }
    prefixes_.push_back(std::move(next));
  }
}

std::size_t PathPrefixes::longest(const Views& path) const {
  std::size_t best = 0;
  for (std::size_t i = 1; i < prefixes_.size(); ++i) {
    const Segments& prefix = prefixes_[i];
    if (prefix.size() > prefixes_[best].size() && prefix.size() <= path.size() &&
        std::equal(prefix.begin(), prefix.end(), path.begin())) {
      best = i;
    }
  }
  return best;
}

std::optional<PrefixMatch> PathPrefixes::find(std::string_view path) const {
  if (!path.starts_with('/')) return std::nullopt;
  std::optional<std::size_t> found;
  if (is_plain(path)) {
    if (prefixes_.size() > 1) found = longest(split(path.substr(1), '/'));
  } else {
    const Decoded once = decoded(path);
    if (!once.sound || once.text.find('\0') != std::string::npos) return std::nullopt;
    const unsigned readings = readings_of(path, once.text);
    for (unsigned reading = 0; reading < kReadings; ++reading) {
      if ((reading & ~readings) != 0) continue;
      const std::vector<std::string> read = segments(path, reading);
      if (std::any_of(read.begin(), read.end(), is_dots)) return std::nullopt;
      const std::size_t index = longest(Views(read.begin(), read.end()));
      if (found && *found != index) return std::nullopt;
      found = index;
    }
  }
  // Read as it stands, with nothing merged, it begins with these segments: so does what is raw.
  PrefixMatch match{found.value_or(0), path};
  for (std::size_t i = 0; i < prefixes_[match.index].size(); ++i) {
    match.beneath.remove_prefix(std::min(match.beneath.find('/', 1), match.beneath.size()));
  }
  return match;
}

}  // namespace autohttps
