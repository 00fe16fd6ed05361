#include <autohttps/server/engine/request_head.h>

#include <autohttps/common/strings.h>

#include <algorithm>

namespace autohttps {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_token_character(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
         kOthers.find(c) != std::string_view::npos;
}

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

// Without its CRLF; empty: there is none, or a CR or LF stands alone.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') return std::nullopt;
  const std::string_view line = rest.substr(0, end - 1);
  rest.remove_prefix(end + 1);
  if (line.find('\r') != std::string_view::npos) return std::nullopt;
  return line;
}

bool parse_request_line(std::string_view line, RequestHead& head) {
  const std::vector<std::string_view> words = split(line, ' ');
  if (words.size() != 3) return false;
  head.method = words[0];
  head.target = words[1];
  head.version = words[2];
  return is_field_name(head.method) && !head.target.empty() &&
         std::all_of(head.target.begin(), head.target.end(), is_visible) &&
         (head.version == "HTTP/1.1" || head.version == "HTTP/1.0");
}

bool parse_field(std::string_view line, HeaderFields& fields) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (!is_field_name(name) || !is_field_value(value)) return false;
  fields.emplace_back(name, value);
  return true;
}

// RFC 9112 6: one length, or one transfer coding, "chunked".
bool has_clear_framing(const HeaderFields& fields) {
  const std::size_t lengths = count_fields(fields, "Content-Length");
  const std::size_t codings = count_fields(fields, "Transfer-Encoding");
  if (codings > 0) {
    return codings == 1 && lengths == 0 &&
           equals_ignoring_case(first_field(fields, "Transfer-Encoding"), "chunked");
  }
  if (lengths == 0) return true;
  const std::string_view length = first_field(fields, "Content-Length");
  return lengths == 1 && !length.empty() && std::all_of(length.begin(), length.end(), is_digit);
}

}  // namespace

std::size_t count_fields(const HeaderFields& fields, std::string_view name) noexcept {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(),
      [&](const HeaderField& field) { return equals_ignoring_case(field.first, name); }));
}

std::string_view first_field(const HeaderFields& fields, std::string_view name) noexcept {
  for (const auto& [field, value] : fields) {
    if (equals_ignoring_case(field, name)) return value;
  }
  return {};
}

bool is_field_name(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_field_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::vector<std::string> list_members(const HeaderFields& fields, std::string_view name) {
  std::vector<std::string> members;
  for (const auto& [field, value] : fields) {
    if (!equals_ignoring_case(field, name)) continue;
    for (std::string_view member : split(value, ',')) {
      member = trim(member.substr(0, member.find(';')));
      if (!member.empty()) members.push_back(to_lower(member));
    }
  }
  return members;
}

std::optional<RequestHead> parse_request_head(std::string_view raw) {
  RequestHead head;
  const auto first = take_line(raw);
  if (!first || !parse_request_line(*first, head)) return std::nullopt;
  for (;;) {
    const auto line = take_line(raw);
    if (!line) return std::nullopt;
    if (line->empty()) break;
    if (!parse_field(*line, head.fields)) return std::nullopt;
  }
  if (!raw.empty() || !has_clear_framing(head.fields)) return std::nullopt;
  return head;
}

}  // namespace autohttps
