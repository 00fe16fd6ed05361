#include <autohttps/server/sites/site_table.h>

#include <autohttps/common/error.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/host.h>
#include <autohttps/server/sites/upstream_url.h>

#include <utility>

namespace autohttps {
namespace {

constexpr std::string_view kStar = "*.";

void check_contents(const Site& site) {
  const std::string who = site.names.empty()
                              ? "the site of all other hosts"
                              : "site \"" + printable(site.names.front(), 300) + "\"";
  if (!site.root.empty() && !site.reverse_proxy.empty()) {
    throw Error(ErrorCode::config, who + " has both a root and a reverse proxy",
                "leave out one of the two");
  }
  if (!site.reverse_proxy.empty()) parse_upstream_url(site.reverse_proxy);
}

}  // namespace

SiteTable::SiteTable(std::vector<Site> sites, std::uint16_t public_https_port)
    : sites_(std::move(sites)), public_https_port_(public_https_port) {
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    check_contents(sites_[i]);
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

SiteDecision SiteTable::decide(const RequestHead& request, std::string_view server_name) const {
  using Kind = SiteDecision::Kind;
  const std::size_t hosts = count_fields(request.fields, "Host");
  const bool may_have_none = request.version == "HTTP/1.0" && hosts == 0;
  const std::string named = parse_host(server_name);
  const std::string host = may_have_none ? named : parse_host(first_field(request.fields, "Host"));
  if (host.empty() || (hosts != 1 && !may_have_none)) return {Kind::bad_request};

  auto site = find(host);
  if (!named.empty() && find(named) != site) return {Kind::misdirected};
  // A client that comes to an address names nobody (RFC 6066 3).
  const bool came_by_address = named.empty() && is_address(host);
  if (!site && host != named && !came_by_address) return {Kind::misdirected};
  if (!site) site = for_others_;
  if (!site) return {Kind::elsewhere};
  const Site& about = sites_[*site];
  if (!about.redirect_to.empty() && about.redirect_to != host) {
    const bool clean = is_clean_origin_form(request.target);
    return {Kind::redirect, *site,
            "https://" + authority_of(about.redirect_to, public_https_port_) +
                (clean ? request.target : "/")};
  }
  const bool has_contents = !about.root.empty() || !about.reverse_proxy.empty();
  return {has_contents ? Kind::site : Kind::elsewhere, *site};
}

}  // namespace autohttps
