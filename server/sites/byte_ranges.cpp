#include <autohttps/server/sites/byte_ranges.h>

#include <autohttps/common/strings.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace autohttps {
namespace {

// As large as can be for what is larger than that.
bool parse_number(std::string_view text, std::uint64_t& number) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec == std::errc::result_out_of_range) {
    number = std::numeric_limits<std::uint64_t>::max();
  }
  return true;
}

// 14.1.2: a-b, a- and -n. Empty: it is none; of no bytes: there are none of it in the content.
std::optional<ByteRange> parse_range(std::string_view text, std::uint64_t size) noexcept {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view left = trim(text.substr(0, dash)), right = trim(text.substr(dash + 1));
  std::uint64_t first = 0, last = std::numeric_limits<std::uint64_t>::max();
  if (left.empty()) {
    if (!parse_number(right, last)) return std::nullopt;
    const std::uint64_t length = std::min(last, size);
    return ByteRange{size - length, length};
  }
  if (!parse_number(left, first)) return std::nullopt;
  if (!right.empty() && (!parse_number(right, last) || last < first)) return std::nullopt;
  if (first >= size) return ByteRange{};
  return ByteRange{first, std::min(last, size - 1) - first + 1};
}

bool overlap(const ByteRange& a, const ByteRange& b) noexcept {
  return a.first < b.first + b.length && b.first < a.first + a.length;
}

// Joins what overlaps, until nothing does; a joined part stands where the first of its own stood.
void add_part(std::vector<ByteRange>& parts, ByteRange part) {
  std::size_t place = parts.size();
  for (std::size_t i = parts.size(); i-- > 0;) {
    if (!overlap(parts[i], part)) continue;
    const std::uint64_t first = std::min(parts[i].first, part.first);
    const std::uint64_t end = std::max(parts[i].first + parts[i].length, part.first + part.length);
    part = {first, end - first};
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i));
    place = std::min(place, i);
    i = parts.size();  // it is larger now: all others again
  }
  parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(std::min(place, parts.size())), part);
}

}  // namespace

ByteRanges parse_byte_ranges(std::string_view field, std::uint64_t size) {
  using Kind = ByteRanges::Kind;
  constexpr std::string_view kUnit = "bytes";
  const std::size_t equals = field.find('=');
  if (equals == std::string_view::npos ||
      !equals_ignoring_case(trim(field.substr(0, equals)), kUnit)) {
    return {};  // 14.2: a unit that is not understood MUST be ignored
  }
  std::string_view list = field.substr(equals + 1);
  ByteRanges found;
  std::uint64_t asked = 0;
  std::size_t count = 0;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view member = trim(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (member.empty()) continue;  // 5.6.1.2
    if (++count > kMostRanges) return {};
    const auto part = parse_range(member, size);
    if (!part) return {Kind::unsatisfiable};
    if (part->length == 0) continue;
    asked += part->length;
    if (asked > size) return {};  // 14.2: overlapping for no good reason
    add_part(found.parts, *part);
  }
  // Of nothing there is no part: who asks so of all files, to get no more than that, gets it.
  if (count == 0 || size == 0) return {};
  found.kind = found.parts.empty() ? Kind::unsatisfiable : Kind::parts;
  return found;
}

}  // namespace autohttps
