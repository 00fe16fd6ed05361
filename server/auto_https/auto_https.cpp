#include <autohttps/acme/challenges/answering_ways.h>
#include <autohttps/acme/management/publisher.h>
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/error.h>
#include <autohttps/server/auto_https/auto_https.h>
#include <autohttps/server/auto_https/observation.h>
#include <autohttps/server/auto_https/on_demand_certificates.h>
#include <autohttps/server/auto_https/port80.h>
#include <autohttps/server/auto_https/served_check.h>
#include <autohttps/server/auto_https/site_server.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/server/engine/socket_activation.h>
#include <autohttps/server/tls/certificate_cache.h>
#include <autohttps/server/tls/challenge_loads.h>
#include <autohttps/server/tls/placeholder.h>

#include <iostream>
#include <mutex>
#include <optional>
#include <utility>

namespace autohttps {
namespace {

// A program that sets no sink still learns of trouble.
void print_trouble(const Event& event) {
  if (event.level < Event::Level::warning) return;
  std::string line = "autohttps: " + (event.certificate.empty() ? "" : event.certificate + ": ");
  line += event.text + (event.hint.empty() ? "" : " (" + event.hint + ")") + "\n";
  std::cerr << line;  // in one piece: several threads tell
}

AutoHttpsOptions with_defaults(AutoHttpsOptions options) {
  if (!options.on_event) options.on_event = print_trouble;
  return options;
}

TlsPolicy tls_policy(const AutoHttpsOptions& options) {
  return {options.modern_tls ? TlsPolicy::Level::modern : TlsPolicy::Level::intermediate};
}

AutoCertificatesOptions certificates_options(const AutoHttpsOptions& options) {
  AutoCertificatesOptions wish;
  wish.domains = options.domains;
  wish.email = options.email;
  wish.agree_to_terms = options.agree_to_terms;
  if (!options.server.empty()) wish.server = options.server;
  wish.fallbacks = options.fallbacks;
  wish.ca_bundle = options.ca_bundle;
  wish.ca_proxy = options.ca_proxy;
  wish.limits = options.limits;
  wish.key_types = options.key_types;
  wish.profile = options.profile;
  wish.challenge = options.challenge;
  wish.dns_hook = options.dns_hook;
  wish.dns_resolver = options.dns_resolver;
  wish.dns_timeout = options.dns_timeout;
  wish.preferred_chain = options.preferred_chain;
  wish.reuse_key = options.reuse_key;
  wish.external_account = options.external_account;
  wish.hooks = options.hooks;
  wish.configured_hooks = options.configured_hooks;
  wish.hooks_folder = options.hooks_folder;
  wish.store = options.store;
  wish.on_event = options.on_event;
  return wish;
}

}  // namespace

struct AutoHttps::Parts {
  Parts(AutoHttpsOptions options_in, AutoCertificatesParts given)
      : options(with_defaults(std::move(options_in))),
        certificates(certificates_options(options), std::move(given)),
        observation(options, certificates),
        challenges(certificates.answers()),
        https(cache, tls_policy(options), options.on_event,
              [this](std::string_view host) { return has_real_certificate(host); }) {
    // Throws for what cannot be, before anything is bound.
    const OnDemand checked(options.on_demand, {}, certificates.clock(), {});
    https.set_limits(options.engine);
    if (auto log = observation.logger()) {
      https.on_answered([this, log = std::move(log)](RequestRecord record) {
        record.client = https.sites().client_of(record);
        log(record);
      });
    }
    cache->hold_at_most(options.most_loaded);
    cache->on_challenge([this](std::string_view name, ChallengeLoads::Ready ready) {
      return challenges.load(name, std::move(ready));
    });
  }
  ~Parts() { end(); }

  void bind();
  bool begin();
  void end() noexcept;
  std::vector<acme::CertificateSpec> wishes();
  void install_placeholder(const acme::CertificateSpec&, bool loads_again);
  void redirect_wished_names(const acme::Publisher&);
  void publish_onwards();
  bool has_real_certificate(std::string_view host) const;
  std::uint16_t public_port() const;
  void apply(const std::vector<SiteOptions>&);
  void serve_sites();
  void wish_for(const SiteOptions&);
  bool supply(acme::Publisher&, std::string_view name, std::function<void()> ready);

  const AutoHttpsOptions options;

  // Synchronised by themselves. The cache outlives the publisher in `certificates`.
  const std::shared_ptr<CertificateCache> cache = std::make_shared<CertificateCache>();
  AutoCertificates certificates;
  Observation observation;  // its log outlives the ports
  ChallengeLoads challenges;
  SiteServer https;
  std::unique_ptr<Port80> port80;                   // set by bind()
  std::unique_ptr<ServedCheck> check;               // set by begin()
  std::unique_ptr<OnDemandCertificates> on_demand;  // likewise; null: off
  std::uint16_t https_port = 0;                     // set by bind()

  std::mutex applying;             // one apply() at a time, none while begin() is under way
  bool begun = false;              // guarded by applying
  std::vector<SiteOptions> sites;  // guarded by applying: for the port that bind() will find

  std::mutex mutex;  // guards stopped
  bool stopped = false;
};

void AutoHttps::Parts::bind() {
  if (port80) return;
  std::vector<PassedSocket> passed = passed_sockets();
  const auto listen = [&](const char* name, std::uint16_t port) {
    std::optional<PassedSocket> socket = take_socket(passed, name, port);
    return socket ? std::move(socket->fd) : listen_tcp(options.bind_address, port);
  };
  OwnedFd http = listen("http", options.http_port);
  OwnedFd secure = listen("https", options.https_port);
  for (const PassedSocket& unused : passed) {
    options.on_event({Event::Level::warning,
                      {},
                      "the service manager passed a socket on port " + std::to_string(unused.port) +
                          " (\"" + unused.name + "\"), which is not served",
                      "in the .socket unit: the ports of the configuration, each once"});
  }
  https_port = bound_port(secure.get());
  https.adopt(std::move(secure));
  port80 = std::make_unique<Port80>(certificates.answers(), std::move(http));
  port80->on_answered(observation.logger());
}

// False: stopped before. Port 80 comes first, since the first order begins with start(); then what
// the store has; then the rest. Nobody's handshake runs before it is complete: a CA's, for
// TLS-ALPN-01, waits in the backlog till then.
bool AutoHttps::Parts::begin() {
  {
    const std::lock_guard lock(mutex);
    if (stopped) return false;
  }
  const std::lock_guard one(applying);
  serve_sites();
  port80->start();
  certificates.ways().open("tls-alpn-01");
  check = std::make_unique<ServedCheck>(options.bind_address, https_port, certificates.clock(),
                                        options.on_event);
  acme::PublisherOptions publishing;
  publishing.most_whole = options.most_whole;
  publishing.on_none = [this](const acme::CertificateSpec& wish, bool loads_again) {
    install_placeholder(wish, loads_again);
  };
  certificates.start(*cache, std::move(publishing));
  redirect_wished_names(*certificates.publisher());
  publish_onwards();
  observation.begin({https.counters(), port80->counters(), https_port,
                     [this] { return https.sites().upstreams(); }});
  begun = true;
  return true;
}

std::uint16_t AutoHttps::Parts::public_port() const {
  if (options.public_https_port != 0) return options.public_https_port;
  return https_port != 0 ? https_port : options.https_port;
}

void AutoHttps::Parts::serve_sites() {
  https.sites().serve_sites({sites.begin(), sites.end()}, public_port());
}

// Of a placeholder no browser may be told that there is nothing but HTTPS.
bool AutoHttps::Parts::has_real_certificate(std::string_view host) const {
  ClientHello hello{};
  hello.server_name = host;
  const std::shared_ptr<const Credentials> served = cache->find(hello);
  return served && !served->placeholder;
}

void AutoHttps::Parts::wish_for(const SiteOptions& site) {
  AutoCertificatesOptions wish = site.certificate.value_or(certificates_options(options));
  wish.domains = site.names;
  try {
    certificates.manage(wish);
  } catch (const Error& error) {
    options.on_event({Event::Level::warning,
                      {},
                      "site " + site.names.front() + ": " + error.what(),
                      error.hint()});
  }
}

void AutoHttps::Parts::apply(const std::vector<SiteOptions>& wanted) {
  const std::lock_guard one(applying);
  std::vector<SiteOptions> before = std::exchange(sites, wanted);
  try {
    serve_sites();
  } catch (...) {
    sites.swap(before);
    throw;
  }
  for (const SiteOptions& site : sites) {
    if (!site.names.empty()) wish_for(site);
  }
  if (!begun) return;
  acme::Publisher* const publisher = certificates.publisher();
  publisher->publish_all();
  redirect_wished_names(*publisher);
  certificates.manager().wake();
}

std::vector<acme::CertificateSpec> AutoHttps::Parts::wishes() {
  std::vector<acme::CertificateSpec> wishes;
  for (const std::string& id : certificates.certificates().ids()) {
    try {
      if (auto wish = certificates.certificates().spec(id)) wishes.push_back(std::move(*wish));
    } catch (const Error&) {
      // The manager tells of it at each look; the other certificates go on.
    }
  }
  return wishes;
}

// On the publisher's thread.
void AutoHttps::Parts::install_placeholder(const acme::CertificateSpec& wish, bool loads_again) {
  auto placeholder = std::make_shared<Credentials>(
      *make_placeholder(wish.id, wish.names, certificates.clock().wall()));
  placeholder->loads_again = loads_again;
  cache->install(std::move(placeholder));
}

// Of every wish in the store, not only of our sites: other processes write wishes too. Of a large
// store the names are not read, but each is looked up when it is asked for.
void AutoHttps::Parts::redirect_wished_names(const acme::Publisher& publisher) {
  RedirectRules rules;
  rules.public_https_port = public_port();
  if (publisher.loads_lazily()) {
    rules.knows = [store = &certificates.certificates()](const std::string& host) {
      try {
        return store->id_for_name(host).has_value();
      } catch (const Error&) {
        return false;  // a store that cannot be read now: where to is not known now
      }
    };
  } else {
    for (const acme::CertificateSpec& wish : wishes()) {
      for (const Identifier& name : wish.names) rules.hosts.push_back(name.value);
    }
  }
  port80->redirect(std::move(rules));
}

// What comes after the start: installs by any process, and names that are met but not in memory.
void AutoHttps::Parts::publish_onwards() {
  acme::Publisher* publisher = certificates.publisher();
  cache->on_drop([publisher](std::string_view id) { publisher->dropped(id); });
  if (options.on_demand.is_on()) {
    on_demand =
        std::make_unique<OnDemandCertificates>(options.on_demand, certificates, options.on_event);
  }
  cache->on_miss([this, publisher](std::string_view name, std::function<void()> ready) {
    return supply(*publisher, name, std::move(ready));
  });
  publisher->on_installed([this, publisher](const Credentials& installed) {
    observation.note_swap();
    try {
      redirect_wished_names(*publisher);  // the certificate may be new in the store
    } catch (const Error& error) {
      options.on_event({Event::Level::warning, installed.certificate,
                        std::string("reading names to redirect: ") + error.what(), error.hint()});
    }
    check->expect(installed);  // last: "serves generation 1" is told when all of it is in place
  });
}

// What the store has not got, a client's asking may bring.
bool AutoHttps::Parts::supply(acme::Publisher& publisher, std::string_view name,
                              std::function<void()> ready) {
  if (!on_demand) return publisher.supply(name, std::move(ready));
  const auto shared = std::make_shared<std::function<void()>>(std::move(ready));
  const auto after_store = [this, name = std::string(name), shared] {
    const bool is_there = cache->find({name, {}, {}}) != nullptr;
    if (is_there || !on_demand->want(name, [shared] { (*shared)(); })) (*shared)();
  };
  if (publisher.supply(name, after_store)) return true;
  return on_demand->want(name, [shared] { (*shared)(); });
}

// 443 has been drained by now, so nobody asks the publisher; the manager's answers go down while
// port 80 still gives them; an order under way stays in its journal.
void AutoHttps::Parts::end() noexcept {
  {
    const std::lock_guard one(applying);
    begun = false;  // a reload that comes now finds no publisher any more
  }
  observation.end();
  if (check) check->stop();
  if (on_demand) on_demand->stop();
  certificates.stop();
  if (port80) port80->stop();
  observation.end_log();
}

AutoHttps::AutoHttps(AutoHttpsOptions options, AutoCertificatesParts parts)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(parts))) {}

AutoHttps::~AutoHttps() = default;

HttpServer& AutoHttps::routes() { return parts_->https; }

void AutoHttps::apply(const std::vector<SiteOptions>& sites) { parts_->apply(sites); }

void AutoHttps::bind() { parts_->bind(); }

void AutoHttps::serve() {
  parts_->bind();
  try {
    if (parts_->begin()) parts_->https.serve_adopted();
  } catch (...) {
    parts_->end();
    throw;
  }
  parts_->end();
}

void AutoHttps::stop() noexcept {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->stopped = true;
  }
  parts_->https.stop();
}

void AutoHttps::reopen_access_log() noexcept { parts_->observation.reopen_log(); }

std::uint16_t AutoHttps::metrics_port() const noexcept {
  return parts_->observation.metrics_port();
}

std::uint16_t AutoHttps::http_port() const noexcept {
  return parts_->port80 ? parts_->port80->port() : parts_->options.http_port;
}

std::uint16_t AutoHttps::https_port() const noexcept {
  return parts_->port80 ? parts_->https_port : parts_->options.https_port;
}

AutoCertificates& AutoHttps::certificates() noexcept { return parts_->certificates; }

const Counters& AutoHttps::counters() const noexcept { return parts_->https.counters(); }

}  // namespace autohttps
