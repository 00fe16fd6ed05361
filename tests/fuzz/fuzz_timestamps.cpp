// Times as text.
#include <autohttps/common/timestamps.h>

#include "fuzz.h"

using namespace autohttps;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  parse_http_date(text);
  if (const auto time = parse_rfc3339(text)) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*time);
    require(parse_rfc3339(format_rfc3339(*time)) == WallTime(seconds));
    format_relative(*time, WallTime(std::chrono::seconds(1'800'000'000)));
  }
  return 0;
}
