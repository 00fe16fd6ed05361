// What AutoHttps is told.
#pragma once

#include <autohttps/acme/management/hook_duties.h>
#include <autohttps/common/event.h>
#include <autohttps/common/private_key.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace autohttps {

// Every member has a default but the domains; most programs set three.
struct AutoHttpsOptions {
  std::vector<std::string> domains{};  // one certificate for all; empty: all that the store manages
  std::string email{};
  bool agree_to_terms = false;
  std::string server{};     // ACME directory URL; empty: Let's Encrypt
  std::string ca_bundle{};  // trust for a private CA's own HTTPS
  std::string ca_proxy{};
  std::string limits{};  // Limits preset; empty: by server
  KeyType key_type = KeyType::ec256;
  std::string profile{};
  acme::HookWish hooks{};  // as in AutoCertificatesOptions: commands around attempts
  std::vector<acme::ConfiguredHooks> configured_hooks{};
  std::filesystem::path hooks_folder{};
  std::filesystem::path store{};  // empty: the default place
  std::string bind_address{};     // empty: IPv6 and IPv4
  std::uint16_t http_port = 80;
  std::uint16_t https_port = 443;
  std::uint16_t public_https_port = 0;  // behind port forwarding, for redirects; 0: https_port
  EventSink on_event{};                 // empty: warnings and errors to stderr
};

}  // namespace autohttps
