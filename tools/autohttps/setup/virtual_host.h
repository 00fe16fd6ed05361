// What a web server's configuration says about the sites it serves: the part that matters for the
// CA's question and for the certificate.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace autohttps::tools {

struct VirtualHost {
  std::vector<std::string> names;  // as written: wildcards and regular expressions too
  bool http = false;               // listens on port 80
  bool https = false;              // listens on port 443
  bool ipv6 = false;               // one of them on IPv6
  bool is_default = false;         // for names that no other has
  // The folder below which the CA's path is looked for; empty: none, the site is passed on or
  // redirected as a whole.
  std::string root;
  std::string pages;       // the folder of its own pages; empty: it has none
  bool redirects = false;  // everything, most likely to HTTPS
  std::string proxy;       // to where it passes everything on; empty: nowhere
  std::string file;        // where it stands
};

// The host that answers for this name on port 80 (or 443), as the server itself would choose: the
// exact name, a wildcard, the default. Null: there is none.
const VirtualHost* host_for(const std::vector<VirtualHost>&, std::string_view name, bool https);

// The host that has the name itself there: no default.
const VirtualHost* named_host(const std::vector<VirtualHost>&, std::string_view name, bool https);

}  // namespace autohttps::tools
