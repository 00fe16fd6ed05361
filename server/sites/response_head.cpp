#include <autohttps/server/sites/response_head.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/engine/octets.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace autohttps {
namespace {

using Result = ResponseScanner::Result;
using Kind = Result::Kind;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kVersion = "HTTP/1.";
constexpr std::size_t kStatusLine = 12;  // "HTTP/1.1 200" at least
constexpr std::uint64_t kLongestBody = std::numeric_limits<std::int64_t>::max();

Result refuse(const char* reason) noexcept { return {Kind::refused, 0, reason}; }

// What the fields of framing say.
struct Framing {
  bool http11 = false;
  bool has_coding = false;
  bool says_close = false;
  bool says_keep_alive = false;
};

// RFC 9112 4: HTTP-version SP status-code SP [ reason-phrase ]; the second space is often missing.
bool take_status_line(std::string_view line, ResponseView& view, Framing& framing) noexcept {
  if (line.size() < kStatusLine || !line.starts_with(kVersion)) return false;
  const char minor = line[kVersion.size()];
  framing.http11 = minor == '1';
  if ((minor != '0' && minor != '1') || line[kVersion.size() + 1] != ' ') return false;
  const std::string_view digits = line.substr(kStatusLine - 3, 3);
  if (!std::ranges::all_of(digits, is_digit)) return false;
  view.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  const std::string_view reason = line.substr(kStatusLine);
  return view.status >= 100 && view.status < 600 && (reason.empty() || reason[0] == ' ') &&
         span_of_value(reason) == reason.size();
}

void take_options(std::string_view list, Framing& framing) noexcept {
  while (true) {
    const std::string_view option = next_member(list);
    if (option.empty()) return;
    framing.says_close |= equals_ignoring_case(option, "close");
    framing.says_keep_alive |= equals_ignoring_case(option, "keep-alive");
  }
}

// "timeout=5, max=1000"
void take_idle_time(std::string_view list, ResponseView& view) noexcept {
  constexpr std::string_view kName = "timeout=";
  while (true) {
    std::string_view member = next_member(list);
    if (member.empty()) return;
    if (member.size() <= kName.size()) continue;
    if (!equals_ignoring_case(member.substr(0, kName.size()), kName)) continue;
    member.remove_prefix(kName.size());
    std::from_chars(member.data(), member.data() + member.size(), view.idle_seconds);
  }
}

// Null: good.
const char* take_length(std::string_view value, ResponseView& view) noexcept {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (value.empty() || error != std::errc() || end != value.data() + value.size() ||
      length > kLongestBody) {
    return "a Content-Length that is no number";
  }
  if (view.length && *view.length != length) return "two Content-Lengths";
  view.length = length;
  return nullptr;
}

const char* take_field(const FieldView& field, ResponseView& view, Framing& framing) noexcept {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  switch (field.name.size()) {  // most names are told from these by this alone
    case 7:
      if (is("Upgrade")) view.upgrade = field.value;
      break;
    case 10:
      if (is("Connection")) {
        take_options(field.value, framing);
      } else if (is("Keep-Alive")) {
        take_idle_time(field.value, view);
      }
      break;
    case 14:
      if (is("Content-Length")) return take_length(field.value, view);
      break;
    case 17:
      if (!is("Transfer-Encoding")) break;
      // Others than chunked were not asked for (RFC 9112 6.1: "TE" was not sent).
      if (framing.has_coding || !equals_ignoring_case(field.value, "chunked")) {
        return "a transfer coding other than chunked";
      }
      framing.has_coding = view.chunked = true;
      break;
    default:
      break;
  }
  return nullptr;
}

const char* take_line(std::string_view line, ResponseView& view, Framing& framing) {
  const std::size_t colon = span_of(kTokenOctet, line);
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    // RFC 9112 5.1 and 5.2: nothing between name and colon, no line folding.
    return "a line that is no field";
  }
  const FieldView field{line.substr(0, colon), trim(line.substr(colon + 1))};
  if (span_of_value(field.value) != field.value.size()) return "control bytes in a field";
  if (view.fields.size() >= ResponseScanner::kMostFields) return "too many fields";
  view.fields.push_back(field);
  return take_field(field, view, framing);
}

// RFC 9112 6.1: such a length beside a coding was made to be read in two ways, and who speaks 1.0
// knows no codings.
const char* judge(ResponseView& view, const Framing& framing) noexcept {
  if (view.chunked && view.length) return "a Content-Length beside a transfer coding";
  if (view.chunked && !framing.http11) return "a transfer coding in HTTP/1.0";
  view.keeps_open = framing.http11 ? !framing.says_close : framing.says_keep_alive;
  return nullptr;
}

// Else its sender waits for an answer, and we for the end that it thinks was sent.
bool has_bare_line_feed(std::string_view text, std::size_t from) noexcept {
  for (std::size_t at = text.find('\n', from); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

}  // namespace

std::string_view next_member(std::string_view& list) noexcept {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view member = trim(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (!member.empty()) return member;
  }
  return {};
}

Result ResponseScanner::scan(std::string_view buffered, ResponseView& view) {
  const std::string_view begin = buffered.substr(0, kVersion.size());
  if (!kVersion.starts_with(begin)) return refuse("no HTTP/1.1 response");
  const std::size_t end = buffered.find(kHeadEnd, looked_);
  if (end == std::string_view::npos || end + kHeadEnd.size() > kMostBytes) {
    if (buffered.size() >= kMostBytes) return refuse("a head that is too large");
    if (has_bare_line_feed(buffered, looked_)) return refuse("a line that ends without CR LF");
    looked_ = buffered.size() - std::min(buffered.size(), kHeadEnd.size() - 1);
    return {};
  }
  view.status = 0;
  view.fields.clear();
  view.length.reset();
  view.chunked = view.keeps_open = false;
  view.upgrade = {};
  view.idle_seconds = 0;
  Framing framing;
  std::string_view lines = buffered.substr(0, end);
  for (bool first = true; first || !lines.empty(); first = false) {
    const std::size_t line_end = std::min(lines.find(kLineEnd), lines.size());
    const std::string_view line = lines.substr(0, line_end);
    if (first) {
      if (!take_status_line(line, view, framing)) return refuse("a bad status line");
    } else if (const char* const trouble = take_line(line, view, framing)) {
      return refuse(trouble);
    }
    lines.remove_prefix(std::min(line_end + kLineEnd.size(), lines.size()));
  }
  if (const char* const trouble = judge(view, framing)) return refuse(trouble);
  looked_ = 0;
  return {Kind::complete, end + kHeadEnd.size(), ""};
}

bool ends_with_connection(const ResponseView& view) noexcept {
  return !view.chunked && !view.length;
}

}  // namespace autohttps
