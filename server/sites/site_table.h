// Which site and which of its paths a request belongs to, and what is said to requests that are
// nobody's. Pure, immutable.
#pragma once

#include <autohttps/server/engine/head_view.h>
#include <autohttps/server/sites/path_prefixes.h>
#include <autohttps/server/sites/site.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

struct SiteDecision {
  enum class Kind {
    elsewhere,    // to the program's own routes
    site,         // to what `site` has at `path`
    redirect,     // to `location`
    bad_request,  // no Host, or several (RFC 9112 3.2), or a path that can be read in two ways
    misdirected,  // RFC 9110 15.5.20: this connection was made for another site
  } kind = Kind::elsewhere;
  std::size_t site = 0;
  std::size_t path = 0;            // 0: the site's own, else 1 and its place in Site::paths
  std::string_view beneath = "/";  // of the request's target, raw, without the query
  std::string location{};
};

class SiteTable {
 public:
  // Throws Error(config): see check_site(), and a name that belongs to two sites.
  explicit SiteTable(std::vector<Site>, std::uint16_t public_https_port = 443);

  // `server_name`: of the TLS handshake (RFC 6066 3); empty: none was sent. A Host that is no
  // site's is elsewhere when the handshake named it too, since then a certificate was found for it.
  SiteDecision decide(const HeadView&, std::string_view server_name) const;

  // An exact name before a wildcard.
  std::optional<std::size_t> find(std::string_view host) const;
  const std::vector<Site>& sites() const noexcept { return sites_; }

 private:
  SiteDecision decide_path(std::size_t site, std::string_view resource) const;

  std::vector<Site> sites_;
  std::vector<PathPrefixes> prefixes_;  // of each site
  std::uint16_t public_https_port_;
  std::optional<std::size_t> for_others_;
  std::map<std::string, std::size_t, std::less<>> exact_;
  std::map<std::string, std::size_t, std::less<>> wildcards_;  // "example.com" of "*.example.com"
};

}  // namespace autohttps
