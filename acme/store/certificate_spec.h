// The wish: certificates/<id>/spec.json. Written by people's commands, read by the manager.
#pragma once

#include <autohttps/acme/store/hooks.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/private_key.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

inline constexpr std::string_view kLetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";
inline constexpr std::string_view kLetsEncryptStaging =
    "https://acme-staging-v02.api.letsencrypt.org/directory";

inline constexpr std::chrono::seconds kDnsTimeout{180};
inline constexpr std::chrono::seconds kLongestDnsTimeout{600};  // an attempt has 15 minutes in all

// One CA of a certificate's list, with what it needs. Values only; secrets never.
struct CaSpec {
  std::string directory_url = std::string(kLetsEncrypt);
  std::string ca_bundle;  // PEM file; empty: the system's trust
  std::string proxy;
  std::string
      limits;  // preset name (see Limits); empty: by what was asked for: conservative for any URL
  std::string email;  // an attribute of the account, not its identity
  std::string account_label = "default";
  bool terms_agreed = false;
  bool operator==(const CaSpec&) const = default;
};

struct CertificateSpec {
  std::string id;  // --name or the first name ("*." written "_."); a store key's part
  std::vector<Identifier> names;                   // first mentioned first
  std::vector<CaSpec> cas;                         // tried in order
  std::vector<KeyType> key_types{KeyType::ec256};  // never empty; see check_key_types()
  std::optional<std::string> profile;
  std::string challenge;  // "http-01" ...: no other; empty: chosen by what can work here
  std::string webroot;    // HTTP-01 answers go here as files too; empty: published in the store
  std::string dns_hook;   // DNS-01: the command that sets and removes records; see split_command()
  std::string dns_resolver;  // "ADDRESS[:PORT]", asked for the way to a zone; empty: the system's
  std::chrono::seconds dns_timeout = kDnsTimeout;  // how long a record may take to be seen
  std::string preferred_chain;  // an issuer's common name, if the CA offers a chain that has it
  bool reuse_key = false;       // keep the key at renewal
  std::string csr;              // PEM, the user's own, whose key is not here; empty: made per order
  Hooks hooks;                  // those given on the command line: they run as the store's owner
  bool operator==(const CertificateSpec&) const = default;
};

std::string certificate_id(const Identifier& first_name);
// Throws Error(config) unless it can be a folder of its own: [A-Za-z0-9._-], no leading dot, at
// most 200.
void check_certificate_id(std::string_view id);

std::string to_json_text(const CertificateSpec&);
CertificateSpec parse_certificate_spec(
    std::string_view id, std::string_view json);  // throws Error(protocol) on anything odd

}  // namespace autohttps::acme
