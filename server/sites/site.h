// What a site is and does: its names, what answers beneath which path, what its answers get.
// Values, as they are configured.
#pragma once

#include <autohttps/server/engine/header_fields.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace autohttps {

// What answers at a path and beneath it. At most one of root and reverse_proxy; a path with neither
// has its site's, and a site with neither leaves its requests to the program's own routes.
struct SitePath {
  std::string prefix = "/";  // "/api": of "/api" and "/api/x", not of "/apix"; as it reads decoded

  std::filesystem::path root{};  // the folder that stands for the prefix; nothing hidden is shown
  bool listing = false;          // of folders without an index page

  std::vector<std::string> reverse_proxy{};  // see parse_upstream_url; several share the requests
  bool strip_prefix = false;                 // the upstream sees "/x" for "/api/x"
  std::string health_check{};                // a path that is asked for now and then; empty: none

  // What a path does not say of these, its site says.
  std::filesystem::path upstream_ca_bundle{};  // trust for https:// upstreams; empty: the system's
  std::optional<std::chrono::seconds> upstream_timeout{};  // without a byte in either direction; 60
  std::vector<std::string> trusted_proxies{};  // addresses and networks (192.0.2.0/24) of proxies
                                               // in front of us, whose word on the client is taken
  std::filesystem::path basic_auth{};          // a file of htpasswd's; see kNoBasicAuth
  std::optional<std::uint64_t> max_body{};     // bytes of a request's body; over it: 413
  std::optional<bool> compress{};       // answers that are worth it, for clients that take it
  std::filesystem::path error_pages{};  // a folder: see ErrorPages
  HeaderFields headers{};  // instead of what an answer has by that name; an empty value: without it
};

// In place of a file: this path of a site that asks for passwords does not.
inline constexpr const char* kNoBasicAuth = "none";

struct Site : SitePath {
  // As certificates have them: "*.example.com" too. None: every host that is no other site's and
  // that the connection was made for; one site may be so.
  std::vector<std::string> names{};
  std::string redirect_to{};  // the one host that answers; requests for other names are sent there
  bool security_headers = false;
  // Strict-Transport-Security (RFC 6797): for so long no browser that was here comes over http, or
  // past a warning. It cannot be taken back from who does not come again. 0: sent, to end it.
  std::optional<std::chrono::seconds> hsts{};
  std::vector<SitePath> paths{};  // beneath the site's own, which is "/"
};

bool has_contents(const SitePath&);

// Throws Error(config) for what cannot be: a name that is none, two contents of one path, an option
// of what is not there.
void check_site(const Site&);

}  // namespace autohttps
