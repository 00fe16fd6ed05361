#include <autohttps/server/sites/site_table.h>

#include <autohttps/common/error.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/file_path.h>
#include <autohttps/server/sites/host.h>

#include <algorithm>
#include <utility>

namespace autohttps {
namespace {

constexpr std::string_view kStar = "*.";

// What goes to the program's own routes, and what it guards there.
bool has_say(const Site& site) {
  return has_contents(site) || !site.paths.empty() || !site.basic_auth.empty() || site.max_body;
}

std::vector<std::string> prefixes_of(const Site& site) {
  std::vector<std::string> prefixes;
  for (const SitePath& path : site.paths) prefixes.push_back(path.prefix);
  return prefixes;
}

std::size_t count_hosts(const HeadView& request) {
  return static_cast<std::size_t>(std::count_if(
      request.fields.begin(), request.fields.end(),
      [](const FieldView& field) { return equals_ignoring_case(field.name, "Host"); }));
}

}  // namespace

SiteTable::SiteTable(std::vector<Site> sites, std::uint16_t public_https_port)
    : sites_(std::move(sites)), public_https_port_(public_https_port) {
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    check_site(sites_[i]);
    prefixes_.emplace_back(prefixes_of(sites_[i]));
    if (sites_[i].names.empty() && std::exchange(for_others_, i)) {
      throw Error(ErrorCode::config, "two sites have no names", "one may be for all other hosts");
    }
    for (const std::string& text : sites_[i].names) {
      const Identifier name = Identifier::parse(text);
      const bool added = name.is_wildcard()
                             ? wildcards_.emplace(name.value.substr(kStar.size()), i).second
                             : exact_.emplace(name.value, i).second;
      if (!added) {
        throw Error(ErrorCode::config, "\"" + name.value + "\" is a name of two sites",
                    "leave it out in one of the two");
      }
    }
    std::string& canonical = sites_[i].redirect_to;
    if (!canonical.empty()) canonical = Identifier::parse(canonical).value;
  }
}

std::optional<std::size_t> SiteTable::find(std::string_view host) const {
  if (const auto found = exact_.find(host); found != exact_.end()) return found->second;
  const std::size_t dot = host.find('.');
  if (dot == 0 || dot == std::string_view::npos) return std::nullopt;
  const auto found = wildcards_.find(host.substr(dot + 1));
  if (found == wildcards_.end()) return std::nullopt;
  return found->second;
}

SiteDecision SiteTable::decide(const HeadView& request, std::string_view server_name) const {
  using Kind = SiteDecision::Kind;
  const std::size_t hosts = count_hosts(request);
  const bool may_have_none = !request.http11() && request.host.empty() && hosts == 0;
  std::string named_anew, host_anew;
  const std::string_view named = parse_host(server_name, named_anew);
  // Most clients write both alike.
  const bool alike = may_have_none || (request.host == server_name && !named.empty());
  const std::string_view host = alike ? named : parse_host(request.host, host_anew);
  if (host.empty() || hosts > 1) return {Kind::bad_request};

  auto site = find(host);
  if (!named.empty() && !alike && find(named) != site) return {Kind::misdirected};
  // A client that comes to an address names nobody (RFC 6066 3).
  const bool came_by_address = named.empty() && is_address(std::string(host));
  if (!site && host != named && !came_by_address) return {Kind::misdirected};
  if (!site) site = for_others_;
  if (!site) return {Kind::elsewhere};
  const Site& about = sites_[*site];
  if (!about.redirect_to.empty() && about.redirect_to != host) {
    const bool clean = is_clean_origin_form(request.resource);
    return {Kind::redirect, *site, 0, "/",
            "https://" + authority_of(about.redirect_to, public_https_port_) +
                (clean ? std::string(request.resource) : "/")};
  }
  return has_say(about) ? decide_path(*site, request.resource)
                        : SiteDecision{Kind::elsewhere, *site};
}

SiteDecision SiteTable::decide_path(std::size_t site, std::string_view resource) const {
  // RFC 9110 9.3.7: of the server as a whole. RFC 9112 3.2.1: an URL without a path means "/".
  if (resource == "*") return {SiteDecision::Kind::site, site, 0, resource};
  std::string_view path = raw_path(resource);
  if (path.empty()) path = "/";
  const std::optional<PrefixMatch> match = prefixes_[site].find(path);
  if (!match) return {SiteDecision::Kind::bad_request, site};
  return {SiteDecision::Kind::site, site, match->index, match->beneath};
}

}  // namespace autohttps
