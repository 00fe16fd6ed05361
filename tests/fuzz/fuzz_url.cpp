// URLs of a CA, and where its redirects lead.
#include <autohttps/acme/protocol/url.h>

#include "fuzz.h"

#include <string>

using namespace autohttps;
using namespace autohttps::acme;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  may_refuse([&] {
    const std::string url = https_url(text, "reading it", "https://ca.test/directory");
    require(url == text);
    const std::string authority = url.substr(8, url.find_first_of("/?#", 8) - 8);
    require(!authority.empty() && authority.find('@') == std::string::npos);
    require(!host_of(url).empty());
  });
  if (const auto next = resolve_url("https://ca.test/a/b", text))
    is_https_url(*next, "https://ca.test/");
  return 0;
}
