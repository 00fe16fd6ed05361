// Which site a request belongs to, and what is said to requests that are nobody's. Pure, immutable.
#pragma once

#include <autohttps/server/engine/request_head.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

// At most one of root and reverse_proxy; with neither, requests go on to the program's own routes.
struct Site {
  // As certificates have them: "*.example.com" too. None: every host that is no other site's and
  // that the connection was made for; one site may be so.
  std::vector<std::string> names;
  std::filesystem::path root;
  std::string reverse_proxy;  // see parse_upstream_url
  std::string redirect_to;    // the one host that answers; requests for other names are sent there
};

struct SiteDecision {
  enum class Kind {
    elsewhere,    // to the program's own routes
    site,         // to the contents of `site`
    redirect,     // to `location`
    bad_request,  // no Host, or several (RFC 9112 3.2)
    misdirected,  // RFC 9110 15.5.20: this connection was made for another site
  } kind = Kind::elsewhere;
  std::size_t site = 0;
  std::string location{};
};

class SiteTable {
 public:
  // Throws Error(config): a name that is none or belongs to two sites, a site with two contents.
  explicit SiteTable(std::vector<Site>, std::uint16_t public_https_port = 443);

  // `server_name`: of the TLS handshake (RFC 6066 3); empty: none was sent. A Host that is no
  // site's is elsewhere when the handshake named it too, since then a certificate was found for it.
  SiteDecision decide(const RequestHead&, std::string_view server_name) const;

  // An exact name before a wildcard.
  std::optional<std::size_t> find(std::string_view host) const;
  const std::vector<Site>& sites() const noexcept { return sites_; }

 private:
  std::vector<Site> sites_;
  std::uint16_t public_https_port_;
  std::optional<std::size_t> for_others_;
  std::map<std::string, std::size_t, std::less<>> exact_;
  std::map<std::string, std::size_t, std::less<>> wildcards_;  // "example.com" of "*.example.com"
};

}  // namespace autohttps
