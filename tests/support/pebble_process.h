// A Pebble with its DNS, on ports of its own, gone with the object (tests/support/pebble.sh).
#pragma once

#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace autohttps {

struct PebbleOptions {
  // Pebble's switches. Validation does not sleep and no nonce is refused unless said here.
  std::map<std::string, std::string> environment{};
  bool strict = false;                       // `pebble -strict`
  std::optional<int> validity_seconds{};     // of the certificates; Pebble's default is five years
  std::optional<std::uint16_t> http_port{};  // where it validates HTTP-01; else a free one
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

  std::string directory_url() const { return setting("CA_DIRECTORY"); }
  std::filesystem::path ca_bundle() const { return setting("CA_TRUST"); }
  std::string management_url() const { return setting("CA_MANAGEMENT"); }
  std::uint16_t http_port() const noexcept { return http_port_; }
  std::string root_pem() const;                                   // of the certificates it issues
  std::filesystem::path root_file() const;                        // the same, as a file
  std::string log() const { return folder_.read("pebble.log"); }  // what Pebble wrote so far

  void add_a(const std::string& name, const std::string& address) const;
  void set_default_ipv4(const std::string& address) const;  // "" : names do not resolve

 private:
  std::string setting(const std::string& name) const;
  void post_to_dns(const std::string& path, const std::string& json) const;

  PebbleOptions options_;
  TemporaryFolder folder_;
  std::unique_ptr<FreePort> promised_;
  std::uint16_t http_port_;
  std::map<std::string, std::string> settings_;
  std::unique_ptr<Child> child_;
};

}  // namespace autohttps
