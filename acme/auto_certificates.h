// The ACME module's front door: certificates for these names, kept good, handed to whoever serves
// them.
#pragma once

#include <autohttps/acme/management/manager.h>
#include <autohttps/acme/store/certificate_spec.h>
#include <autohttps/common/certificate_sink.h>
#include <autohttps/common/challenge_answers.h>
#include <autohttps/common/event.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace autohttps {

namespace acme {
struct DnsClient;
struct DnsHookRunner;
struct PersistDemand;
struct Transport;
struct Store;
class AnsweringWays;
class Publisher;
struct PublisherOptions;
}  // namespace acme

// What a CA wants to see before it makes an account (RFC 8555 7.3.4). Kept with the account, so
// that it can be made anew.
struct ExternalAccount {
  std::string key_id{};             // empty: none
  std::string key_file{};           // base64url; read once. A secret: never a value of its own here
  std::string algorithm = "HS256";  // HS384, HS512
  bool operator==(const ExternalAccount&) const = default;
};

// A further CA, with what it needs.
struct CaOptions {
  std::string server{};     // a preset's name (ca_presets.h) or an ACME directory URL
  std::string ca_bundle{};  // empty: the system's trust for presets, else the first CA's
  std::string ca_proxy{};   // empty: the first CA's
  std::string email{};      // empty: the first CA's
  std::string limits{};     // empty: the CA preset's, conservative for other URLs
  std::optional<bool> agree_to_terms{};  // empty: as for the first CA
  ExternalAccount external_account{};    // its own, or none
  bool operator==(const CaOptions&) const = default;
};

struct AutoCertificatesOptions {
  std::vector<std::string>
      domains{};        // one certificate for all of them; empty: whatever the store manages
  std::string name{};   // the certificate's id; empty: the first domain
  std::string email{};  // optional; Let's Encrypt keeps none
  bool agree_to_terms = false;         // the CA's terms of service
  std::string server = "letsencrypt";  // a preset's name (ca_presets.h) or an ACME directory URL
  // Further ones, asked in this order where a failure is not the names' fault: the CA is not there,
  // breaks its own rules, refuses, or has had enough of us.
  std::vector<CaOptions> fallbacks{};
  std::string ca_bundle{};  // trust for a private CA's own HTTPS
  std::string ca_proxy{};
  std::string limits{};  // Limits preset; empty: the CA preset's, conservative for other URLs
  // Two, as {KeyType::ec256, KeyType::rsa2048}: a pair, for clients that know no elliptic curves.
  std::vector<KeyType> key_types{KeyType::ec256};
  std::string profile{};
  std::string challenge{};     // "http-01" ...: no other; empty: chosen by what can work here
  std::string dns_hook{};      // DNS-01: the command that sets and removes records
  std::string dns_resolver{};  // "ADDRESS[:PORT]" to find a zone's servers by; empty: the system's
  std::chrono::seconds dns_timeout = acme::kDnsTimeout;  // how long a record may take to be seen
  std::string preferred_chain{};  // an issuer's common name, if the CA offers a chain that has it
  bool reuse_key = false;         // keep the key at renewal
  ExternalAccount external_account{};
  std::string csr{};  // PEM or DER, your own, whose key stays with you; its names are the domains
  std::string webroot{};   // answer HTTP-01 by files in another server's root
  acme::HookWish hooks{};  // commands around attempts, kept with the certificate; they run as the
                           // store's owner. Kinds that are empty stay as they were
  // Further ones for certificates of the store, for this process only: configuration files'. They
  // run as the files' owners.
  std::vector<acme::ConfiguredHooks> configured_hooks{};
  std::filesystem::path hooks_folder{};  // where ready hooks lie by their bare names
  std::filesystem::path store{};         // empty: acme::default_store_path()
  EventSink on_event{};                  // empty: silence
};

// For tests and unusual homes: what is null is made. Borrowed; outlives the AutoCertificates.
struct AutoCertificatesParts {
  acme::Store* store = nullptr;
  Clock* clock = nullptr;
  Random* random = nullptr;
  acme::HookRunner* hooks = nullptr;
  acme::DnsHookRunner* dns_hooks = nullptr;
  acme::DnsClient* dns = nullptr;
  std::function<std::unique_ptr<acme::Transport>(const acme::CaSpec&)> transport{};
};

// Thread-safe after construction. Opens the store and looks which certificate the domains are
// about (see Manager::manage), no network; throws Error(config | storage | permission).
class AutoCertificates {
 public:
  explicit AutoCertificates(AutoCertificatesOptions, AutoCertificatesParts = {});
  ~AutoCertificates();  // stop()

  // Writes the wish for `domains` (nothing to do when empty). start() and obtain() do it too.
  void manage();
  // Writes the wish for a further certificate: these domains, otherwise the same options.
  // Idempotent; returns its id.
  std::string add(const std::vector<std::string>& domains);
  // Writes the wish of a further certificate with options of its own, of which `store` and
  // `on_event` are not looked at: the certificate `name`, else the one that has the first domain
  // now, which from then on has these domains and no others; else a new one. Idempotent; returns
  // its id.
  std::string manage(const AutoCertificatesOptions& wish);
  const std::string& certificate() const noexcept;  // its id; empty without domains

  // In the background: certificates of the store go to `sink` at once and whenever any process
  // flips one; what is due is obtained and renewed. `answers()` must be reachable on port 80 of
  // every name by then. Call once.
  void start(CertificateSink& sink);
  // The same for a sink that asks for what it has not got (Publisher::supply), and so need not hold
  // all of a large store.
  void start(CertificateSink& sink, acme::PublisherOptions);
  void stop() noexcept;  // an order under way stays in its journal; joins the threads

  // What is to stand in DNS, once and for all, for each of these domains (dns-persist-01), by the
  // first CA of the options; nothing is managed by that. `order`: as it says it in an order, which
  // is what counts and costs one of those that the CA allows. `directory`: as it will probably say
  // it. `directory_only_look`: the same, and no account is made. Waits; throws Error.
  enum class PersistSource { order, directory, directory_only_look };
  std::vector<acme::PersistDemand> persist_demands(const std::vector<std::string>& domains,
                                                   PersistSource, std::stop_token = {});

  // In the foreground, for commands.
  std::vector<acme::Outcome> run_once(const acme::RunOptions&, std::stop_token = {});

  const ChallengeAnswers& answers() const noexcept;  // for the listeners on ports 80 and 443
  // Whoever opens listeners says here which challenges they answer. At first: HTTP-01 alone.
  acme::AnsweringWays& ways() noexcept;
  acme::CertificateStore& certificates() noexcept;
  acme::Store& store() noexcept;
  acme::Manager& manager() noexcept;
  acme::Publisher* publisher() noexcept;  // null before start()
  Clock& clock() noexcept;
  Random& random() noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace autohttps
