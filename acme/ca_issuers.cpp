#include <autohttps/acme/ca_issuers.h>

#include <autohttps/acme/challenges/webroot_http01.h>
#include <autohttps/acme/issuance/order_issuer.h>
#include <autohttps/acme/issuance/persist_offers.h>
#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/acme/management/limits.h>
#include <autohttps/acme/store/ledger.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace autohttps::acme {
namespace {

// RELIABILITY I4, nonce retries included.
int requests_for(const CertificateSpec& spec) {
  return 40 + 12 * static_cast<int>(spec.names.size());
}

}  // namespace

bool prefers_other_port(const CertificateState& state) noexcept {
  return state.failures % 2 == 1 && state.last_failure &&
         state.last_failure->code == "connection";  // RFC 8555 6.7
}

// One attempt: its own account key in memory, its own budget of requests.
class CaIssuers::AttemptIssuer final : public Issuer {
 public:
  AttemptIssuer(CaIssuers& shared, std::shared_ptr<Connection> connection,
                const CertificateSpec& spec, const CaSpec& ca, Budget& budget)
      : shared_(shared),
        connection_(std::move(connection)),
        spec_(spec),
        ca_(ca),
        budget_(budget),
        accounts_(shared.store_, ca.directory_url, ca.account_label),
        transport_(*connection_->transport, requests_for(spec)) {
    if (!spec.webroot.empty()) webroot_ = std::make_unique<WebrootHttp01>(spec.webroot);
    dns_hook_ = shared_.dns_.hook01(spec);
    dns_persist_ = shared_.dns_.persist01(spec);
  }

  Bundle issue(const IssueRequest& request, OrderJournal& journal, std::stop_token stop) override {
    const CaConnection ca{connection_->session, transport_, shared_.clock_};
    Client client =
        ca.client(std::make_shared<const AccountKey>(account_key_for(accounts_, ca, stop)));
    OrderIssuer issuer(client, accounts_, ca_, solvers(), budget_, shared_.clock_, shared_.events_);
    return issuer.issue(request, journal, std::move(stop));
  }

  std::optional<RenewalInfo> renewal_info(const std::string& certificate,
                                          std::stop_token stop) override {
    // Unsigned: the key of no account is needed, and none is made for it.
    Client client(connection_->session, transport_, shared_.clock_, nullptr);
    return client.renewal_info(certificate, std::move(stop));
  }

 private:
  // Those that may be used, the most wanted first. Who gives a DNS hook wants it used; HTTP-01
  // before TLS-ALPN-01: what stands in front of a server (a CDN, a proxy) passes it on.
  std::vector<ChallengeSolver*> solvers() const {
    std::vector<ChallengeSolver*> solvers;
    if (dns_persist_) solvers.push_back(dns_persist_.get());
    if (dns_hook_) solvers.push_back(dns_hook_.get());
    if (webroot_) {
      solvers.push_back(webroot_.get());
    } else {
      solvers.push_back(&shared_.http01_);
    }
    solvers.push_back(&shared_.tls_alpn01_);
    if (!spec_.challenge.empty()) keep_forced(solvers);
    if (!dns_hook_ && solvers.size() > 1) prefer_other_port(solvers);
    return solvers;
  }

  void keep_forced(std::vector<ChallengeSolver*>& solvers) const {
    std::erase_if(solvers,
                  [&](const ChallengeSolver* solver) { return solver->type() != spec_.challenge; });
    if (!solvers.empty()) return;
    throw Error(
        ErrorCode::config,
        "\"" + printable(spec_.challenge, 100) + "\" is no challenge that can be used here",
        "--challenge takes http-01, tls-alpn-01, dns-persist-01 and, with --dns-hook, dns-01");
  }

  void prefer_other_port(std::vector<ChallengeSolver*>& solvers) const {
    const auto tls = std::ranges::find(solvers, &shared_.tls_alpn01_);
    if (tls == solvers.end() || (*tls)->obstacle(spec_.names.front()) ||
        !prefers_other_port(CertificateStore(shared_.store_).state(spec_.id))) {
      return;
    }
    std::rotate(solvers.begin(), tls, tls + 1);
    if (!shared_.events_) return;
    shared_.events_({Event::Level::step,
                     spec_.id,
                     "the CA could not connect the last time: tls-alpn-01 is tried first",
                     {}});
  }

  CaIssuers& shared_;
  const std::shared_ptr<Connection> connection_;
  const CertificateSpec spec_;
  const CaSpec ca_;
  Budget& budget_;
  AccountStore accounts_;
  BudgetedTransport transport_;
  std::unique_ptr<WebrootHttp01> webroot_;
  std::unique_ptr<ChallengeSolver> dns_hook_, dns_persist_;
};

CaIssuers::CaIssuers(Store& store, PublishedAnswers& answers, const AnsweringWays& ways,
                     DnsWays& dns, Clock& clock, EventSink events, TransportFactory transports)
    : store_(store),
      clock_(clock),
      events_(std::move(events)),
      transports_(std::move(transports)),
      http01_(answers, ways),
      tls_alpn01_(answers, ways, clock),
      dns_(dns) {}

std::unique_ptr<Issuer> CaIssuers::issuer(const CertificateSpec& spec, const CaSpec& ca,
                                          Budget& budget) {
  return std::make_unique<AttemptIssuer>(*this, connection(ca), spec, ca, budget);
}

std::vector<PersistDemand> CaIssuers::persist_demands(const CertificateSpec& spec, bool order,
                                                      bool register_account, std::stop_token stop) {
  const CaSpec& ca = spec.cas.front();
  const auto shared = connection(ca);
  BudgetedTransport transport(*shared->transport, requests_for(spec));
  const CaConnection reached{shared->session, transport, clock_};
  AccountStore accounts(store_, ca.directory_url, ca.account_label);
  Ledger ledger(store_, ca.directory_url);
  LedgerBudget budget(Limits::of(ca), ledger, clock_, KeyType::ec256);
  std::unique_ptr<Client> client;
  if (register_account) {
    client = std::make_unique<Client>(
        shared->session, transport, clock_,
        std::make_shared<const AccountKey>(account_key_for(accounts, reached, stop)));
    sign_in(*client, accounts, ca, budget, clock_, stop);
  } else {
    client = sign_in_existing(accounts, reached, stop);
  }
  return order ? demands_of_order(*client, spec.names, spec.profile, budget, stop)
               : demands_of_directory(*client, spec.names, stop);
}

std::shared_ptr<CaIssuers::Connection> CaIssuers::connection(const CaSpec& ca) {
  const std::lock_guard lock(mutex_);
  auto& connection = connections_[{ca.directory_url, ca.ca_bundle, ca.proxy}];
  if (!connection) {
    connection = std::make_shared<Connection>(
        Connection{transports_(ca), std::make_shared<ClientSession>(ca.directory_url)});
  }
  return connection;
}

}  // namespace autohttps::acme
