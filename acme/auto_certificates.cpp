#include <autohttps/acme/auto_certificates.h>

#include <autohttps/acme/account_binding.h>
#include <autohttps/acme/ca_issuers.h>
#include <autohttps/acme/challenges/dns_client.h>
#include <autohttps/acme/challenges/dns_hook.h>
#include <autohttps/acme/challenges/dns_ways.h>
#include <autohttps/acme/issuance/csr.h>
#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/acme/management/process_hooks.h>
#include <autohttps/acme/management/publisher.h>
#include <autohttps/acme/management/wish_lookup.h>
#include <autohttps/acme/protocol/curl_transport.h>
#include <autohttps/acme/store/ca_presets.h>
#include <autohttps/acme/store/file_store.h>
#include <autohttps/acme/store/key_types.h>
#include <autohttps/acme/store/published_answers.h>
#include <autohttps/common/error.h>
#include <autohttps/common/random.h>
#include <autohttps/common/strings.h>

#include <mutex>
#include <thread>
#include <utility>

namespace autohttps {
namespace {

using acme::CaSpec;
using acme::CertificateSpec;

// What was asked for decides; after this no rule looks at a URL.
CaSpec ca_of(const CaOptions& options) {
  const acme::CaPreset* const preset = acme::find_ca_preset(options.server);
  CaSpec ca;
  ca.directory_url = preset != nullptr ? std::string(preset->directory_url) : options.server;
  if (ca.directory_url.find("://") == std::string::npos) {
    throw Error(ErrorCode::config, "there is no CA \"" + printable(options.server, 100) + "\"",
                "name one of " + acme::ca_preset_names() + ", or give its ACME directory's URL");
  }
  ca.ca_bundle = options.ca_bundle;
  ca.proxy = options.ca_proxy;
  ca.limits = options.limits;
  if (ca.limits.empty()) ca.limits = preset != nullptr ? preset->limits : "conservative";
  ca.email = options.email;
  ca.terms_agreed = options.agree_to_terms.value_or(false);
  acme::Limits::preset(ca.limits);  // an unknown name is an error now, not in the night
  return ca;
}

// The list, each with all that it needs.
std::vector<CaOptions> cas_of(const AutoCertificatesOptions& options) {
  std::vector<CaOptions> cas = {{options.server, options.ca_bundle, options.ca_proxy, options.email,
                                 options.limits, options.agree_to_terms, options.external_account}};
  for (CaOptions ca : options.fallbacks) {
    const bool is_public = acme::find_ca_preset(ca.server) != nullptr;
    if (ca.ca_bundle.empty() && !is_public) ca.ca_bundle = options.ca_bundle;
    if (ca.ca_proxy.empty()) ca.ca_proxy = options.ca_proxy;
    if (ca.email.empty()) ca.email = options.email;
    if (!ca.agree_to_terms) ca.agree_to_terms = options.agree_to_terms;
    cas.push_back(std::move(ca));
  }
  return cas;
}

CertificateSpec wish_of(const AutoCertificatesOptions& options) {
  CertificateSpec spec;
  spec.id = options.name;
  spec.names = parse_identifiers(options.domains);
  for (const CaOptions& ca : cas_of(options)) spec.cas.push_back(ca_of(ca));
  for (const CaSpec& ca : spec.cas) acme::contact_of(ca);  // throws for what is no address
  acme::check_key_types(options.key_types);
  spec.key_types = options.key_types;
  if (!options.profile.empty()) spec.profile = options.profile;
  spec.challenge = options.challenge;
  spec.dns_hook = options.dns_hook;
  spec.dns_resolver = options.dns_resolver;
  spec.dns_timeout = options.dns_timeout;
  spec.preferred_chain = options.preferred_chain;
  spec.reuse_key = options.reuse_key;
  if (!options.csr.empty()) {
    spec.csr = acme::request_pem(options.csr);
    acme::check_request(spec.csr, spec.names);
    spec.key_types = {acme::key_type_of_request(spec.csr)};
  }
  if (!spec.dns_hook.empty()) acme::split_command(spec.dns_hook);
  acme::resolvers_of(spec);
  spec.webroot = options.webroot;
  spec.hooks = options.hooks.over({});
  for (const acme::HookKind kind :
       {acme::HookKind::pre, acme::HookKind::deploy, acme::HookKind::failed}) {
    for (const std::string& command : spec.hooks.of(kind)) acme::split_command(command);
  }
  return spec;
}

std::unique_ptr<acme::Transport> curl_transport(const CaSpec& ca) {
  acme::CurlOptions options;
  options.ca_bundle = ca.ca_bundle;
  options.proxy = ca.proxy;
  return std::make_unique<acme::CurlTransport>(std::move(options));
}

}  // namespace

struct AutoCertificates::Parts {
  Parts(AutoCertificatesOptions options_in, AutoCertificatesParts given)
      : options(std::move(options_in)),
        owned_clock(given.clock == nullptr ? std::make_unique<SystemClock>() : nullptr),
        clock(owned_clock ? *owned_clock : *given.clock),
        owned_random(given.random == nullptr ? std::make_unique<SystemRandom>() : nullptr),
        random(owned_random ? *owned_random : *given.random),
        owned_store(given.store == nullptr ? open_store(options.store, clock) : nullptr),
        store(owned_store ? *owned_store : *given.store),
        certificates(store),
        bindings(store),
        answers(store, clock),
        owned_hooks(given.hooks == nullptr ? process_hooks(options, store) : nullptr),
        owned_dns_hooks(given.dns_hooks == nullptr ? dns_hook_process(options, store) : nullptr),
        owned_dns(given.dns == nullptr ? std::make_unique<acme::SocketDnsClient>(clock, random)
                                       : nullptr),
        dns(store, owned_dns ? *owned_dns : *given.dns,
            owned_dns_hooks ? *owned_dns_hooks : *given.dns_hooks, clock, options.on_event),
        issuers(store, answers, ways, dns, clock, options.on_event,
                given.transport ? std::move(given.transport) : curl_transport),
        manager(
            certificates,
            [this](const CertificateSpec& spec, const CaSpec& ca, acme::Budget& budget) {
              return issuers.issuer(spec, ca, budget);
            },
            clock, random, options.on_event, owned_hooks ? owned_hooks.get() : given.hooks,
            &dns.leftovers()) {
    manager.configure_hooks(options.configured_hooks);
    if (!options.domains.empty()) wish = named(wish_of(options));
  }

  // Under the id that it is about, with the hooks that it has unless others were asked for.
  CertificateSpec named(CertificateSpec spec) const {
    spec.id = acme::id_for_wish(certificates, spec);
    acme::check_certificate_id(spec.id);
    if (const auto before = certificates.spec(spec.id)) {
      spec.hooks = options.hooks.over(before->hooks);
    }
    return spec;
  }

  void keep_bindings(const AutoCertificatesOptions& of) {
    for (const CaOptions& ca : cas_of(of)) {
      if (ca.external_account.key_id.empty() && ca.external_account.key_file.empty()) continue;
      bindings.keep(ca_of(ca).directory_url, ca.external_account);
    }
  }

  static std::unique_ptr<acme::HookRunner> process_hooks(const AutoCertificatesOptions& options,
                                                         const acme::Store& store) {
    return std::make_unique<acme::ProcessHooks>(
        acme::ProcessHooks::Options{store.describe(), options.hooks_folder});
  }

  static std::unique_ptr<acme::DnsHookRunner> dns_hook_process(
      const AutoCertificatesOptions& options, const acme::Store& store) {
    return std::make_unique<acme::DnsHookProcess>(acme::HookProcess::Options{
        store.describe(), options.hooks_folder, acme::DnsHookProcess::kLimit});
  }

  static std::unique_ptr<acme::Store> open_store(const std::filesystem::path& path, Clock& clock) {
    return acme::open_file_store(path.empty() ? acme::default_store_path() : path, clock);
  }

  // Constant after construction.
  const AutoCertificatesOptions options;
  const std::unique_ptr<Clock> owned_clock;
  Clock& clock;
  const std::unique_ptr<Random> owned_random;
  Random& random;
  const std::unique_ptr<acme::Store> owned_store;
  acme::Store& store;

  // Synchronised by themselves.
  acme::CertificateStore certificates;
  acme::AccountBindings bindings;
  acme::PublishedAnswers answers;
  acme::AnsweringWays ways;
  const std::unique_ptr<acme::HookRunner> owned_hooks;
  const std::unique_ptr<acme::DnsHookRunner> owned_dns_hooks;
  const std::unique_ptr<acme::DnsClient> owned_dns;
  acme::DnsWays dns;
  acme::CaIssuers issuers;
  acme::Manager manager;

  CertificateSpec wish;  // of options.domains, its id included; constant after construction

  std::mutex mutex;  // guards what follows
  bool managed = false;
  std::unique_ptr<acme::Publisher> publisher;  // set by start()
  std::jthread thread;
};

AutoCertificates::AutoCertificates(AutoCertificatesOptions options, AutoCertificatesParts parts)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(parts))) {}

AutoCertificates::~AutoCertificates() { stop(); }

void AutoCertificates::manage() {
  const std::lock_guard lock(parts_->mutex);
  if (parts_->managed) return;
  parts_->keep_bindings(parts_->options);
  if (!parts_->options.domains.empty()) parts_->manager.manage(parts_->wish);
  parts_->managed = true;
}

std::string AutoCertificates::add(const std::vector<std::string>& domains) {
  AutoCertificatesOptions options = parts_->options;
  options.domains = domains;
  options.name.clear();
  parts_->keep_bindings(options);
  return parts_->manager.manage(parts_->named(wish_of(options)));
}

std::string AutoCertificates::manage(const AutoCertificatesOptions& wish) {
  CertificateSpec spec = wish_of(wish);
  if (spec.id.empty()) {
    spec.id = parts_->certificates.id_for_name(spec.names.front().value).value_or(std::string());
  }
  spec.id = acme::id_for_wish(parts_->certificates, spec);
  if (const auto before = parts_->certificates.spec(spec.id)) {
    spec.hooks = wish.hooks.over(before->hooks);
  }
  parts_->keep_bindings(wish);
  return parts_->manager.manage(spec);
}

const std::string& AutoCertificates::certificate() const noexcept { return parts_->wish.id; }

void AutoCertificates::start(CertificateSink& sink) { start(sink, {}); }

void AutoCertificates::start(CertificateSink& sink, acme::PublisherOptions options) {
  manage();
  parts_->answers.sweep();
  const std::lock_guard lock(parts_->mutex);
  if (parts_->publisher) throw Error(ErrorCode::internal, "AutoCertificates was started twice");
  if (options.clock == nullptr) options.clock = &parts_->clock;
  parts_->publisher = std::make_unique<acme::Publisher>(
      parts_->certificates, sink, parts_->options.on_event, std::move(options));
  parts_->publisher->publish_all();
  parts_->thread = std::jthread(
      [manager = &parts_->manager](const std::stop_token& stop) { manager->run(stop); });
}

void AutoCertificates::stop() noexcept {
  std::jthread thread;
  std::unique_ptr<acme::Publisher> publisher;
  {
    const std::lock_guard lock(parts_->mutex);
    thread = std::move(parts_->thread);
    publisher = std::move(parts_->publisher);
  }
  thread.request_stop();
  if (thread.joinable()) thread.join();
  // The publisher ends last: what the last order brought is still installed.
}

std::vector<acme::PersistDemand> AutoCertificates::persist_demands(
    const std::vector<std::string>& domains, PersistSource source, std::stop_token stop) {
  AutoCertificatesOptions options = parts_->options;
  options.domains = domains;
  return parts_->issuers.persist_demands(wish_of(options), source == PersistSource::order,
                                         source != PersistSource::directory_only_look,
                                         std::move(stop));
}

std::vector<acme::Outcome> AutoCertificates::run_once(const acme::RunOptions& options,
                                                      std::stop_token stop) {
  manage();
  parts_->answers.sweep();
  return parts_->manager.run_once(options, std::move(stop));
}

const ChallengeAnswers& AutoCertificates::answers() const noexcept { return parts_->answers; }
acme::AnsweringWays& AutoCertificates::ways() noexcept { return parts_->ways; }
acme::CertificateStore& AutoCertificates::certificates() noexcept { return parts_->certificates; }
acme::Store& AutoCertificates::store() noexcept { return parts_->store; }
acme::Manager& AutoCertificates::manager() noexcept { return parts_->manager; }
acme::Publisher* AutoCertificates::publisher() noexcept { return parts_->publisher.get(); }
Clock& AutoCertificates::clock() noexcept { return parts_->clock; }
Random& AutoCertificates::random() noexcept { return parts_->random; }

}  // namespace autohttps
