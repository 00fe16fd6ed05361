// Requests as an upstream gets them: whatever came, one request that can be read in one way.
#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/server/engine/header_fields.h>
#include <autohttps/server/sites/forwarded_request.h>
#include <autohttps/server/sites/hop_fields.h>

#include "fuzz.h"

#include <algorithm>
#include <string>

using namespace autohttps;

namespace {

std::size_t count(const HeadView& view, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(view.fields, [&](const FieldView& field) {
    return CanonicalName(field.name).view() == name;
  }));
}

void look_at_forwarded(const HeadView& view, const std::string& text, bool upgrades) {
  HeadView again;
  const HeadLimits limits{text.size(), view.fields.size() + 20, text.size()};
  const HeadResult result = HeadScanner().scan(text, limits, again);
  require(result.kind == HeadResult::Kind::complete && result.consumed == text.size());
  require(again.method == view.method && again.http11());
  require(again.chunked == view.chunked);
  require(again.length == (view.chunked ? std::nullopt : view.length));
  require(again.expects_continue == view.expects_continue);
  require(again.wants_upgrade == upgrades && !again.wants_close);
  for (const char* once : {"host", "x-forwarded-for", "x-forwarded-proto", "forwarded", "via"}) {
    require(count(again, once) == 1);
  }
  for (const char* never : {"proxy", "x-real-ip", "te", "trailer", "keep-alive"}) {
    require(count(again, never) == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = text_of(data + 1, size - 1);  // the first says how
  HeadLimits limits;
  limits.lenient = data[0] % 2 == 1;
  HeadView view;
  if (HeadScanner().scan(text, limits, view).kind != HeadResult::Kind::complete) return 0;
  ForwardedRequest request;
  request.base = data[0] % 4 < 2 ? "/base" : "";
  request.target = view.resource;
  request.host = "up.test";
  request.peer = data[0] % 8 < 4 ? "2001:db8::1" : "203.0.113.9";
  request.believed = data[0] % 16 < 8;
  request.upgrades = !wanted_upgrade(view).empty();
  std::string forwarded;
  if (append_forwarded_request(forwarded, view, request)) {
    look_at_forwarded(view, forwarded, request.upgrades);
  } else {
    require(forwarded.empty());
  }
  goes_in_a_circle(view);
  const Network networks[] = {Network::parse("203.0.113.0/24"), Network::parse("::/0")};
  require(!client_address(view, request.peer, networks).empty());
  return 0;
}
