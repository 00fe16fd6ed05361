// What a command was told: flags, environment, configuration and defaults, typed. Of a site too.
#pragma once

#include <autohttps/acme/store/certificate_spec.h>
#include <autohttps/common/private_key.h>
#include <autohttps/server/sites/access_log_line.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::tools {

inline constexpr std::string_view kNoHooks = "none";  // in place of a command

// What a [ca.NAME] table of the configuration says of one CA; empty: nothing.
struct CaSettings {
  std::string server, ca_bundle, ca_proxy, limits, email;
  std::string eab_kid, eab_key_file, eab_algorithm;
  std::optional<bool> agree_to_terms;
  bool operator==(const CaSettings&) const = default;
};

struct Settings {
  std::vector<std::string> names;  // DOMAIN... or NAME..., from the line and from --domain
  std::string name;                // the certificate's id; empty: the first domain
  std::string server;              // a CA's name or ACME directory URL; empty: Let's Encrypt
  std::string ca_bundle;
  std::string ca_proxy;
  std::string limits;
  std::string email;
  std::string config;  // empty: the default file
  std::string store;   // empty: the default place
  std::string profile;
  std::string webroot;
  bool no_order = false;
  std::string dns_hook;
  std::string dns_resolver;
  std::string csr;  // a file
  std::string preferred_chain;
  std::string eab_kid;
  std::string eab_key_file;
  std::string eab_algorithm;
  std::string reason;  // revoke
  std::string bind;
  std::string access_log;  // a file, or "-"
  std::string metrics;     // where they are asked for

  // Of a site, and of a path of one; see server/sites/site.h.
  std::string root;
  std::vector<std::string> reverse_proxy;
  std::string redirect_to;
  std::string health_check;
  std::string upstream_ca_bundle;
  std::string error_pages;
  std::string basic_auth;
  std::vector<std::string> trusted_proxies;
  std::vector<std::string> headers;  // "Name: value"
  std::vector<std::string> routes;   // "PREFIX=TARGET": paths of the line's site
  std::string prefix;                // of a path
  std::vector<Settings> paths;       // [[site.path]], in order
  std::optional<std::chrono::seconds> upstream_timeout;
  std::optional<std::chrono::seconds> hsts;
  std::optional<std::uint64_t> max_body;  // bytes
  std::optional<bool> compress;
  bool listing = false;
  bool strip_prefix = false;
  bool security_headers = false;
  std::vector<std::string> pre, deploy, failed;  // hooks: command strings, in order

  // Names of the options that the line or the environment gave: no file changes these.
  std::set<std::string_view> told;
  // Names of the options that the site's own table gave.
  std::set<std::string_view> own;
  // Of the options that a file gave: the user id of the file's owner. Hooks run as who wrote them.
  std::map<std::string_view, std::uint32_t> written_by;

  std::map<std::string, CaSettings> cas;  // of the main file, by name

  // By size: a wish is copied for each site.
  std::chrono::seconds lock_timeout{60};
  std::chrono::seconds dns_timeout = acme::kDnsTimeout;
  std::optional<int> warn, crit;  // status: per cent of life left
  int at_once = 8;
  std::vector<KeyType> key_types{KeyType::ec256};
  std::uint16_t http_port = 80;
  std::uint16_t https_port = 443;
  std::uint16_t public_https_port = 0;
  std::vector<std::string> on_demand;
  std::string on_demand_ask;
  std::size_t on_demand_per_hour = 20;
  AccessLogFormat access_log_format = AccessLogFormat::combined;
  bool modern_tls = false;
  std::size_t max_connections = 0;  // 0: by descriptors
  std::size_t max_connections_per_address = 0;
  bool agree_to_terms = false;
  std::vector<std::string> fallback_servers;  // in order, after `server`
  std::string challenge;                      // empty: the one that there is
  bool staging = false;
  bool no_config = false;
  bool each = false;
  bool reuse_key = false;
  bool force = false;
  bool dry_run = false;
  bool with_key = false;  // revoke
  bool yes = false;
  bool plan = false;  // setup, uninstall: say, do not do
  bool www = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool detailed_exit_code = false;
  bool help = false;
};

}  // namespace autohttps::tools
