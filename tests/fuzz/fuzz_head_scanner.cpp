// Heads while they come, and the heads that cpp-httplib is handed in their place.
#include <autohttps/common/strings.h>
#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/server/engine/header_fields.h>
#include <autohttps/server/httplib/handed_head.h>

#include "fuzz.h"

#include <string>

using namespace autohttps;

namespace {

using Kind = HeadResult::Kind;

// Small, so that the fuzzer meets them.
HeadLimits limits_of(bool lenient) {
  HeadLimits limits{400, 10, 100};
  limits.lenient = lenient;
  return limits;
}

bool has_end_of_value(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool is_same(const HeadResult& a, const HeadResult& b) {
  return a.kind == b.kind && a.consumed == b.consumed && a.status == b.status &&
         std::string_view(a.reason) == b.reason;
}

void look_at_field(const FieldView& field, std::string_view text, bool lenient) {
  require(is_field_name(field.name));
  require(lenient ? !has_end_of_value(field.value) : is_field_value(field.value));
  require(field.value.empty() || trim(field.value) == field.value);
  require(field.name.data() >= text.data());
  require(field.value.data() + field.value.size() <= text.data() + text.size());
}

void look_at_view(const HeadView& view, const HeadLimits& limits) {
  require(view.text.ends_with("\r\n\r\n") && view.text.starts_with(view.method));
  require(is_field_name(view.method) && !view.target.empty());
  require(view.version == "HTTP/1.1" || view.version == "HTTP/1.0");
  require(!view.chunked || (view.http11() && !view.length));
  require(!view.expects_continue || view.has_body());
  require(!view.host.empty() || !view.http11() || limits.lenient);
  require(view.text.size() <= limits.bytes && view.fields.size() <= limits.lines);
  for (const FieldView& field : view.fields) look_at_field(field, view.text, limits.lenient);
}

bool may_be_dropped(std::string_view name, const HeadView& view) {
  const std::string lower = to_lower(name);
  if (lower == "content-length") return view.chunked;
  return lower == "remote_addr" || lower == "remote_port" || lower == "local_addr" ||
         lower == "local_port" || lower == "expect" || lower == "range";
}

// The same value, but for "%25" where a "%" was.
bool is_kept(std::string_view value, std::string_view handed) {
  while (!value.empty()) {
    if (handed.empty() || value.front() != handed.front()) return false;
    const bool longer =
        value.front() == '%' && !value.starts_with("%25") && handed.starts_with("%25");
    value.remove_prefix(1);
    handed.remove_prefix(longer ? 3 : 1);
  }
  return handed.empty();
}

void look_at_handed(const HeadView& view, bool lenient) {
  std::string text;
  append_handed_head(text, view);
  HeadView again;
  // Escaping makes it longer, an absolute-form target in HTTP/1.0 adds a Host.
  const HeadLimits limits{text.size(), view.fields.size() + 1, text.size(), lenient};
  const HeadResult result = HeadScanner().scan(text, limits, again);
  require(result.kind == Kind::complete && result.consumed == text.size());
  require(can_be_handed_as_it_is(again));
  require(again.method == view.method && again.version == view.version);
  require(again.length == view.length && again.chunked == view.chunked);
  // A length beside "chunked" ends the connection, and is gone.
  require(again.wants_close == view.wants_close || (lenient && view.chunked && view.wants_close));
  require(again.wants_upgrade == view.wants_upgrade);
  require(equals_ignoring_case(again.host, view.host) && again.authority.empty());
  std::size_t next = view.authority.empty() ? 0 : 1;
  for (const auto& [name, value] : view.fields) {
    if (!view.authority.empty() && equals_ignoring_case(name, "Host")) continue;
    if (next < again.fields.size() && again.fields[next].name == name &&
        is_kept(value, again.fields[next].value)) {
      ++next;
    } else {
      require(may_be_dropped(name, view));
    }
  }
  require(next == again.fields.size());
  if (can_be_handed_as_it_is(view)) require(view.fields.size() == again.fields.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = text_of(data + 1, size - 1);  // the first says where to cut
  const HeadLimits limits = limits_of(data[0] % 2 == 1);
  HeadView view;
  const HeadResult whole = HeadScanner().scan(text, limits, view);

  HeadScanner scanner;
  HeadView other;
  const std::string front(text.substr(0, text.size() * data[0] / 256));
  HeadResult cut = scanner.scan(front, limits, other);
  if (cut.kind == Kind::incomplete) cut = scanner.scan(text, limits, other);
  require(is_same(cut, whole));

  HeadScanner dripping;
  HeadResult dripped;
  for (std::size_t i = 1; i <= text.size() && dripped.kind == Kind::incomplete; ++i) {
    dripped = dripping.scan(text.substr(0, i), limits, other);
  }
  require(is_same(dripped, whole));

  if (whole.kind != Kind::complete) {
    require(view.fields.empty() && view.text.empty());
    require((whole.kind == Kind::refused) == (whole.status >= 400));
    return 0;
  }
  require(other.text == view.text && other.fields.size() == view.fields.size());
  require(dripping.scan(text, limits, other).consumed == whole.consumed);  // anew
  look_at_view(view, limits);
  look_at_handed(view, limits.lenient);
  return 0;
}
