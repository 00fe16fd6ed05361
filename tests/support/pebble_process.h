// A Pebble with its DNS, on ports of its own, gone with the object (tests/support/pebble.sh).
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/pebble_version.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace autohttps {

struct PebbleProfile {
  std::string description{};
  int validity_seconds = 0;  // Pebble's default is five years
  bool common_name = false;
};

struct PebbleRetryAfter {
  int authorization = 0;  // seconds; sent now as a number, now as a date
  int order = 0;
};

struct PebbleOptions {
  // Pebble's switches. Validation does not sleep and no nonce is refused unless said here.
  std::map<std::string, std::string> environment{};
  bool strict = false;                       // `pebble -strict`
  std::optional<int> validity_seconds{};     // of the certificates; Pebble's default is five years
  std::optional<std::uint16_t> http_port{};  // where it validates HTTP-01; else a free one
  std::optional<std::uint16_t> tls_port{};   // likewise TLS-ALPN-01
  std::optional<PebbleVersion> version{};    // else the installed one
  std::map<std::string, std::string> external_account_keys{};  // kid: base64url key. Then required
  std::map<std::string, PebbleProfile> profiles{};             // from 2.8 on
  std::optional<PebbleRetryAfter> retry_after{};               // from 2.6 on
  std::string dns_server{};           // ADDRESS:PORT to be asked in place of challtestsrv
  std::optional<int> nonce_reject{};  // per cent
  std::optional<int> alternate_roots{};
  std::optional<int> chain_length{};          // intermediates
  std::string key_algorithm{};                // "ecdsa", from 2.9 on: of its own keys
  std::vector<std::string> caa_identities{};  // for dns-persist-01, from 2.10 on
};

// Every name resolves to 127.0.0.1 until told otherwise. Throws std::runtime_error with Pebble's
// last words when it does not start.
class PebbleProcess {
 public:
  explicit PebbleProcess(PebbleOptions = {});

  // An outage. start() comes back on the same ports and TLS certificate, with a new root and
  // without accounts and orders.
  void stop();
  void start();

  const PebbleVersion& version() const noexcept { return version_; }
  std::string directory_url() const { return setting("CA_DIRECTORY"); }
  std::filesystem::path ca_bundle() const { return setting("CA_TRUST"); }
  std::string management_url() const { return setting("CA_MANAGEMENT"); }
  std::uint16_t http_port() const noexcept { return http_port_; }
  std::uint16_t tls_port() const noexcept { return tls_port_; }
  std::string root_pem() const;                                   // of the certificates it issues
  std::filesystem::path root_file() const;                        // the same, as a file
  std::string root_pem(int alternate) const;                      // 1.. of the alternate chains
  std::string log() const { return folder_.read("pebble.log"); }  // what Pebble wrote so far

  // Its DNS (unless PebbleOptions::dns_server is asked): names without the final dot.
  std::string dns_server() const { return setting("CA_DNS_SERVER"); }  // ADDRESS:PORT
  std::string dns_management_url() const { return setting("CA_DNS"); }
  void add_a(const std::string& name, const std::string& address) const;
  void add_aaaa(const std::string& name, const std::string& address) const;
  void set_default_ipv4(const std::string& address) const;  // "" : names do not resolve
  void set_default_ipv6(const std::string& address) const;
  void set_txt(const std::string& name, const std::string& value) const;  // one more
  void clear_txt(const std::string& name) const;
  void set_cname(const std::string& name, const std::string& target) const;
  void set_servfail(const std::string& name) const;
  void clear_servfail(const std::string& name) const;

  // The management interface. From 2.8 on: what renewalInfo answers for the chain's leaf, right or
  // not (RFC 9773 4.2); "": Pebble's own again.
  void set_renewal_info(const std::string& chain_pem, const std::string& answer) const;
  void set_renewal_window(const std::string& chain_pem, WallTime start, WallTime end,
                          const std::string& explanation_url = {}) const;
  // "Valid" or "Revoked"; "" when it is none of its certificates.
  std::string certificate_status(const std::string& chain_pem) const;

 private:
  std::string setting(const std::string& name) const;
  void post_to_dns(const std::string& path, const std::string& json) const;
  ChildResult ask_management(const std::vector<std::string>& words, const std::string& path,
                             const std::string& input = {}) const;

  PebbleOptions options_;
  PebbleVersion version_;
  TemporaryFolder folder_;
  std::vector<std::unique_ptr<FreePort>> promised_;
  std::uint16_t http_port_;
  std::uint16_t tls_port_;
  std::map<std::string, std::string> settings_;
  std::unique_ptr<Child> child_;
};

}  // namespace autohttps
