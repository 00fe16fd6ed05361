// Retry-After and Link, lines of the input taken in turn.
#include <autohttps/acme/protocol/headers.h>
#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/strings.h>

#include "fuzz.h"

using namespace autohttps;
using namespace autohttps::acme;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  HttpResponse response;
  bool link = false;
  for (const std::string_view line : split(text_of(data, size), '\n')) {
    response.headers.emplace_back(link ? "link" : "retry-after", line);
    link = !link;
  }
  const auto wait = retry_after(response, WallTime(std::chrono::seconds(1'800'000'000)));
  if (wait) require(*wait >= std::chrono::seconds(1) && *wait <= std::chrono::hours(24));
  const auto targets = links(response, "alternate");
  require(targets.size() <= 10);
  for (const std::string& target : targets) require(is_https_url(target, {}));
  return 0;
}
