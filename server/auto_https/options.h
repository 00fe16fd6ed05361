// What AutoHttps is told: as a whole, and per site.
#pragma once

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/acme/management/hook_duties.h>
#include <autohttps/common/event.h>
#include <autohttps/common/private_key.h>
#include <autohttps/server/auto_https/on_demand.h>
#include <autohttps/server/engine/limits.h>
#include <autohttps/server/sites/access_log_line.h>
#include <autohttps/server/sites/site.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace autohttps {

// Every member has a default but the domains; most programs set three.
struct AutoHttpsOptions {
  std::vector<std::string> domains{};  // one certificate for all; empty: all that the store manages
  std::string email{};
  bool agree_to_terms = false;
  std::string server{};  // a CA preset's name or an ACME directory URL; empty: Let's Encrypt
  std::vector<CaOptions> fallbacks{};  // asked in order when those before fail
  std::string ca_bundle{};             // trust for a private CA's own HTTPS
  std::string ca_proxy{};
  std::string limits{};  // Limits preset; empty: by server
  std::vector<KeyType> key_types{KeyType::ec256};
  std::string profile{};
  std::string challenge{};     // "http-01" ...: no other; empty: chosen by what can work here
  std::string dns_hook{};      // DNS-01: the command that sets and removes records
  std::string dns_resolver{};  // "ADDRESS[:PORT]" to find a zone's servers by; empty: the system's
  std::chrono::seconds dns_timeout = acme::kDnsTimeout;
  std::string preferred_chain{};  // an issuer's common name, if the CA offers a chain that has it
  bool reuse_key = false;         // keep the key at renewal
  ExternalAccount external_account{};
  acme::HookWish hooks{};  // as in AutoCertificatesOptions: commands around attempts
  std::vector<acme::ConfiguredHooks> configured_hooks{};
  std::filesystem::path hooks_folder{};
  std::filesystem::path store{};  // empty: the default place
  // A store with more certificates than this is not read at the start: each is loaded when a
  // handshake first asks for one of its names, and those least recently used go when more than
  // `most_loaded` are in memory (about 16 KiB each).
  std::size_t most_whole = 100;
  std::size_t most_loaded = 2048;
  std::string bind_address{};  // empty: IPv6 and IPv4
  std::uint16_t http_port = 80;
  std::uint16_t https_port = 443;
  std::uint16_t public_https_port = 0;  // behind port forwarding, for redirects; 0: https_port
  // Certificates for names that nobody wished for before, when a client first asks for one: as
  // these options say otherwise. The handshake waits, as long as EngineLimits::handshake lets it.
  OnDemandOptions on_demand{};
  bool modern_tls = false;  // TLS 1.3 only; false: Mozilla's intermediate
  EngineLimits engine{};    // of the HTTPS front: what clients are given, and how long
  // A line for each request of both ports, see AccessLog: a file, or "-" for standard output.
  std::filesystem::path access_log{};  // empty: none
  AccessLogFormat access_log_format = AccessLogFormat::combined;
  // Where GET /metrics and /health are answered: "127.0.0.1:9180", "[::1]:9180" or "unix:/path".
  std::string metrics{};  // empty: nowhere
  EventSink on_event{};   // empty: warnings and errors to stderr
};

// One of several sites; one of them may have no names: it is for every other host that there is a
// certificate for. What it may have besides is a Site's: files or a reverse proxy, paths,
// passwords.
struct SiteOptions : Site {
  // How its certificate is had; empty: as AutoHttpsOptions say. `domains` are the names, `store`
  // and `on_event` the whole's.
  std::optional<AutoCertificatesOptions> certificate{};
};

}  // namespace autohttps
