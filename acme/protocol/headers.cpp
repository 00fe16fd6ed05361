#include <autohttps/acme/protocol/headers.h>

#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kShortestWait{1};
constexpr seconds kLongestWait{24 * 3600};  // a CA that wants more is not obeyed: RELIABILITY F10
constexpr std::size_t kMostLinks = 10;

std::optional<seconds> parse_delay(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  seconds delay{0};
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    delay = std::min(delay * 10 + seconds(c - '0'), kLongestWait);  // cannot overflow
  }
  return delay;
}

std::optional<milliseconds> parse_retry_after(std::string_view value, WallTime now) {
  value = trim(value);
  std::optional<milliseconds> wait = parse_delay(value);
  if (!wait) {
    const auto date = parse_http_date(value);
    if (!date) return std::nullopt;
    if (*date <= now) return kShortestWait;
    if (*date - now >= kLongestWait) return kLongestWait;
    wait = std::chrono::ceil<milliseconds>(*date - now);
  }
  return std::clamp<milliseconds>(*wait, kShortestWait, kLongestWait);
}

// Reads `<target>; name=value; name="value", <target> ...` (RFC 8288 3) from the front.
class LinkReader {
 public:
  explicit LinkReader(std::string_view text) : rest_(text) {}

  // The next link that is well formed up to its end; empty at the end or at the first thing that is
  // not a link.
  bool next(std::string_view& target, std::string_view& relation) {
    while (take_blank() && take(',')) {
    }
    if (!take('<')) return false;
    const std::size_t end = rest_.find('>');
    if (end == std::string_view::npos) return false;
    target = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    relation = {};
    while (take_blank() && take(';')) {
      if (!parameter(relation)) return false;
    }
    return rest_.empty() || rest_.front() == ',';
  }

 private:
  bool take_blank() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
    return true;
  }
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view take_until(std::string_view ends) {
    const std::size_t end = std::min(rest_.find_first_of(ends), rest_.size());
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return taken;
  }
  bool parameter(std::string_view& relation) {
    take_blank();
    const std::string_view name = trim(take_until("=;,"));
    std::string_view value;
    if (take('=')) {
      take_blank();
      if (take('"')) {
        value = take_until("\"");  // a relation holds no escapes; other values are not looked at
        if (!take('"')) return false;
        take_blank();
      } else {
        value = trim(take_until(";,"));
      }
    }
    // RFC 8288 3.3: "occurrences after the first MUST be ignored by parsers".
    if (relation.empty() && equals_ignoring_case(name, "rel")) relation = value;
    return true;
  }

  std::string_view rest_;
};

bool has_relation(std::string_view relations, std::string_view wanted) {
  for (const std::string_view relation : split(relations, ' ')) {
    if (equals_ignoring_case(relation, wanted)) return true;
  }
  return false;
}

}  // namespace

std::optional<milliseconds> retry_wait(const HttpResponse& response, WallTime now) {
  std::optional<milliseconds> longest;
  for (const auto& [name, value] : response.headers) {
    if (name != "retry-after") continue;
    const auto wait = parse_retry_after(value, now);
    if (wait && (!longest || *wait > *longest)) longest = wait;
  }
  return longest;
}

std::optional<seconds> retry_after(const HttpResponse& response, WallTime now) {
  const auto wait = retry_wait(response, now);
  if (!wait) return std::nullopt;
  return std::chrono::ceil<seconds>(*wait);
}

std::vector<std::string> links(const HttpResponse& response, std::string_view relation) {
  std::vector<std::string> targets;
  for (const auto& [name, value] : response.headers) {
    if (name != "link") continue;
    LinkReader reader(value);
    for (std::string_view target, relations; reader.next(target, relations);) {
      if (targets.size() == kMostLinks) return targets;
      if (has_relation(relations, relation) && is_https_url(target, {}))
        targets.emplace_back(target);
    }
  }
  return targets;
}

}  // namespace autohttps::acme
