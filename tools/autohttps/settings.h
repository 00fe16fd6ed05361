// What a command was told: flags, environment and defaults, typed.
#pragma once

#include <autohttps/common/private_key.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace autohttps::tools {

struct Settings {
  std::vector<std::string> names;  // DOMAIN... or NAME..., from the line and from --domain
  std::string name;                // the certificate's id; empty: the first domain
  std::string server;              // ACME directory URL; empty: Let's Encrypt
  bool staging = false;
  std::string ca_bundle;
  std::string ca_proxy;
  std::string limits;
  std::string email;
  bool agree_to_terms = false;
  std::string store;  // empty: the default place
  KeyType key_type = KeyType::ec256;
  std::string webroot;
  std::string bind;
  std::uint16_t http_port = 80;
  std::uint16_t https_port = 443;
  std::uint16_t public_https_port = 0;
  std::string root;
  bool each = false;
  bool force = false;
  bool yes = false;
  std::chrono::seconds lock_timeout{60};
  int at_once = 4;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool detailed_exit_code = false;
  bool help = false;
};

}  // namespace autohttps::tools
