// How nginx and Caddy are set up for the bench.
#pragma once

#include <autohttps/tests/bench/servers/contender.h>

#include <string>

namespace autohttps::bench {

// nginx.conf: one worker, TLS 1.3 (bookworm's default is without), no access log, keep-alive
// without end, `return 200` of 1 KiB at /1k. `more_servers`: further server blocks.
std::string nginx_settings(const std::filesystem::path& folder, std::uint16_t port,
                           const std::filesystem::path& chain, const std::filesystem::path& key,
                           const ContenderOptions&, const std::string& more_servers = {});

// Of an nginx behind the proxies: `return 200` of 1 KiB for whatever is asked, in clear text.
std::string upstream_settings(const std::filesystem::path& folder, std::uint16_t port);

// Caddy's JSON: the same answers, HTTP/1.1 alone, no automatic HTTPS. `admin_port` 0: no admin.
// `certificates`: the value of apps.tls.certificates.
std::string caddy_settings(const std::filesystem::path& folder, std::uint16_t port,
                           std::uint16_t admin_port, const std::string& certificates,
                           const ContenderOptions&);
std::string caddy_files(const std::filesystem::path& chain, const std::filesystem::path& key);

}  // namespace autohttps::bench
