// Heads of upstreams' answers, cut up anyhow, and what is passed on of them.
#include <autohttps/server/engine/header_fields.h>
#include <autohttps/server/sites/hop_fields.h>
#include <autohttps/server/sites/response_head.h>

#include "fuzz.h"

#include <string>

using namespace autohttps;

namespace {

using Kind = ResponseScanner::Result::Kind;

void look_at_view(const ResponseView& view) {
  require(view.status >= 100 && view.status < 600);
  require(!view.chunked || !view.length);
  require(ends_with_connection(view) == (!view.chunked && !view.length));
  require(view.fields.size() <= ResponseScanner::kMostFields);
  for (const FieldView& field : view.fields) {
    require(is_field_name(field.name) && is_field_value(field.value));
  }
  for (const auto& [name, value] : fields_beyond_this_hop(view.fields)) {
    require(is_field_name(name) && is_field_value(value));
    require(!is_of_one_hop(CanonicalName(name).view()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(text_of(data + 1, size - 1));  // the first says where to cut
  ResponseView view;
  const auto whole = ResponseScanner().scan(text, view);
  if (whole.kind == Kind::complete) {
    require(whole.consumed <= text.size());
    look_at_view(view);
  }
  ResponseScanner scanner;
  ResponseView other;
  const std::string front = text.substr(0, text.size() * data[0] / 256);
  auto cut = scanner.scan(front, other);
  if (cut.kind == Kind::incomplete) cut = scanner.scan(text, other);
  // Garbage may be refused sooner, never taken.
  require(cut.kind == whole.kind && cut.consumed == whole.consumed);
  return 0;
}
