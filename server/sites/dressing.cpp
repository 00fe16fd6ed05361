#include <autohttps/common/strings.h>
#include <autohttps/server/sites/compression.h>
#include <autohttps/server/sites/dressing.h>
#include <autohttps/server/sites/host.h>

#include <utility>

namespace autohttps {
namespace {

constexpr const char* kHsts = "Strict-Transport-Security";

// What does no harm to any page that was written in the last ten years: a script is what its type
// says, other sites learn no paths, nobody frames it.
constexpr std::pair<const char*, const char*> kSecurity[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "strict-origin-when-cross-origin"},
    {"X-Frame-Options", "SAMEORIGIN"}};

void take_away(HeaderFields& fields, std::string_view name) {
  std::erase_if(fields,
                [&](const HeaderField& field) { return equals_ignoring_case(field.first, name); });
}

void set_all(HeaderFields& fields, const HeaderFields& wanted) {
  for (const auto& [name, value] : wanted) take_away(fields, name);
  for (const auto& [name, value] : wanted) {
    if (!value.empty()) fields.emplace_back(name, value);
  }
}

}  // namespace

Dressing::Dressing(const Site& site, const SitePath& path, IsTrusted is_trusted)
    : is_trusted_(std::move(is_trusted)) {
  set_ = path.headers;
  for (const HeaderField& field : site.headers) {
    if (count_fields(path.headers, field.first) == 0) set_.push_back(field);
  }
  if (site.security_headers) {
    for (const auto& [name, value] : kSecurity) {
      if (count_fields(set_, name) == 0) if_absent_.emplace_back(name, value);
    }
  }
  if (site.hsts) hsts_ = "max-age=" + std::to_string(site.hsts->count());
  const std::filesystem::path& pages =
      path.error_pages.empty() ? site.error_pages : path.error_pages;
  if (!pages.empty()) pages_.emplace(pages);
  compresses_ = path.compress.value_or(site.compress.value_or(false));
}

void Dressing::dress(const HeadView& head, Answer& answer) const {
  HeaderFields& fields = answer.head.fields;
  if (pages_ && !answer.foreign) pages_->dress(head, answer);
  for (const auto& [name, value] : if_absent_) {
    if (count_fields(fields, name) == 0) fields.emplace_back(name, value);
  }
  if (!hsts_.empty()) {
    take_away(fields, kHsts);
    if (!is_trusted_ || is_trusted_(parse_host(head.host))) fields.emplace_back(kHsts, hsts_);
  }
  set_all(fields, set_);
  if (compresses_) compress(head, answer);
}

}  // namespace autohttps
