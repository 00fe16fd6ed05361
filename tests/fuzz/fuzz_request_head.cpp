// Heads of requests, and what sites make of them: hosts, paths, fields for the next hop.
#include <autohttps/common/strings.h>
#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/server/engine/header_fields.h>
#include <autohttps/server/sites/file_path.h>
#include <autohttps/server/sites/hop_fields.h>
#include <autohttps/server/sites/site_table.h>
#include <autohttps/server/sites/upstream_url.h>

#include "fuzz.h"

#include <string>

using namespace autohttps;

namespace {

void look_at_path(const std::string& target) {
  const auto found = file_path_of(target);
  if (!found) return;
  const std::string path = "/" + found->path + "/";
  require(path.find("/../") == std::string::npos && path.find("//") == std::string::npos);
  require(path.find('\0') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const SiteTable kSites = [] {
    Site site;
    site.names = {"a.test", "*.b.test"};
    site.root = "/srv";
    site.redirect_to = "a.test";
    return SiteTable({site});
  }();
  const std::string_view text = text_of(data, size);
  may_refuse([&] { parse_upstream_url(text); });
  look_at_path(std::string(text));
  HeadView head;
  if (HeadScanner().scan(text, HeadLimits(), head).kind != HeadResult::Kind::complete) return 0;
  look_at_path(std::string(head.target));
  const SiteDecision decision = kSites.decide(head, "a.test");
  require(decision.location.empty() || decision.location.starts_with("https://a.test/"));
  for (const auto& [name, value] : fields_beyond_this_hop(head.fields)) {
    require(is_field_name(name) && is_field_value(value));
    require(!equals_ignoring_case(name, "Connection"));
  }
  return 0;
}
