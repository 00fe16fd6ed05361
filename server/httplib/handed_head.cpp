#include <autohttps/server/httplib/handed_head.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/engine/octets.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace autohttps {
namespace {

constexpr std::ptrdiff_t kMostRanges = 16;

// The number that this many hexadecimal digits at the front are; -1: they are none.
int hex_number(std::string_view text, std::size_t digits) noexcept {
  if (text.size() < digits) return -1;
  int number = 0;
  for (const char c : text.substr(0, digits)) {
    const int digit = hex_digit(c);
    if (digit < 0) return -1;
    number = number * 16 + digit;
  }
  return number;
}

// `text` begins with "%": would cpp-httplib make a control byte of it (a tab is none to fear)?
bool hides_control(std::string_view text) noexcept {
  const bool unicode = text.size() > 1 && text[1] == 'u';
  const int code = unicode ? hex_number(text.substr(2), 4) : hex_number(text.substr(1), 2);
  return (code >= 0 && code < 0x20 && code != '\t') || code == 0x7f;
}

// npos: none.
std::size_t find_hidden_control(std::string_view value, std::size_t from) noexcept {
  for (std::size_t i = value.find('%', from); i != std::string_view::npos;
       i = value.find('%', i + 1)) {
    if (hides_control(value.substr(i))) return i;
  }
  return std::string_view::npos;
}

bool is_dropped(const FieldView& field, const HeadView& head, HandedExpect expect) noexcept {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(field.name, name); };
  switch (field.name.size()) {  // most names are told from these by this alone
    case 5:
      return is("Range") && std::count(field.value.begin(), field.value.end(), ',') >= kMostRanges;
    case 6:
      return expect == HandedExpect::dropped && is("Expect");
    case 10:
      return is("LOCAL_ADDR") || is("LOCAL_PORT");
    case 11:
      return is("REMOTE_ADDR") || is("REMOTE_PORT");
    case 14:
      return head.chunked && is("Content-Length");
    default:
      return false;
  }
}

void append_value(std::string& out, std::string_view value) {
  std::size_t from = 0;
  for (;;) {
    const std::size_t found = find_hidden_control(value, from);
    if (found == std::string_view::npos) break;
    out.append(value.substr(from, found - from)).append("%25");
    from = found + 1;
  }
  out.append(value.substr(from));
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  append_value(out, value);
  out.append("\r\n");
}

// RFC 9112 3.2.1 and 3.2.4: of a URL without a path it is "/", or "*" for OPTIONS.
void append_target(std::string& out, const HeadView& head) {
  if (!head.resource.starts_with('/') && !head.authority.empty()) {
    if (head.resource.empty() && head.method == "OPTIONS") {
      out += '*';
      return;
    }
    out += '/';
  }
  out.append(head.resource);
}

}  // namespace

bool can_be_handed_as_it_is(const HeadView& head, HandedExpect expect) noexcept {
  if (!head.authority.empty()) return false;
  for (const FieldView& field : head.fields) {
    if (is_dropped(field, head, expect)) return false;
  }
  // One look over all of them: most heads have no "%" but in their target.
  const auto behind_target =
      static_cast<std::size_t>(head.version.data() - head.text.data()) + head.version.size();
  if (head.text.find('%', behind_target) == std::string_view::npos) return true;
  return std::all_of(head.fields.begin(), head.fields.end(), [](const FieldView& field) {
    return find_hidden_control(field.value, 0) == std::string_view::npos;
  });
}

void append_handed_head(std::string& out, const HeadView& head, HandedExpect expect) {
  out.reserve(out.size() + head.text.size());
  out.append(head.method).append(" ");
  append_target(out, head);
  out.append(" ").append(head.version).append("\r\n");
  // RFC 9110 7.2 wants it first.
  if (!head.authority.empty()) append_field(out, "Host", head.authority);
  for (const FieldView& field : head.fields) {
    if (is_dropped(field, head, expect)) continue;
    if (!head.authority.empty() && equals_ignoring_case(field.name, "Host")) continue;
    append_field(out, field.name, field.value);
  }
  out.append("\r\n");
}

}  // namespace autohttps
