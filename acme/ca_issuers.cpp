#include <autohttps/acme/ca_issuers.h>

#include <autohttps/acme/challenges/webroot_http01.h>
#include <autohttps/acme/issuance/order_issuer.h>
#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/common/error.h>

#include <utility>
#include <vector>

namespace autohttps::acme {
namespace {

// RELIABILITY I4, nonce retries included.
int requests_for(const CertificateSpec& spec) {
  return 40 + 12 * static_cast<int>(spec.names.size());
}

}  // namespace

// One attempt: its own account key in memory, its own budget of requests.
class CaIssuers::AttemptIssuer final : public Issuer {
 public:
  AttemptIssuer(CaIssuers& shared, std::shared_ptr<Connection> connection,
                const CertificateSpec& spec, const CaSpec& ca, Budget& budget)
      : shared_(shared),
        connection_(std::move(connection)),
        ca_(ca),
        budget_(budget),
        accounts_(shared.store_, ca.directory_url, ca.account_label),
        transport_(*connection_->transport, requests_for(spec)) {
    if (!spec.webroot.empty()) webroot_ = std::make_unique<WebrootHttp01>(spec.webroot);
    dns_hook_ = shared_.dns_.hook01(spec);
  }

  Bundle issue(const IssueRequest& request, OrderJournal& journal, std::stop_token stop) override {
    const CaConnection ca{connection_->session, transport_, shared_.clock_};
    Client client =
        ca.client(std::make_shared<const AccountKey>(account_key_for(accounts_, ca, stop)));
    OrderIssuer issuer(client, accounts_, ca_, solvers(), budget_, shared_.clock_, shared_.events_);
    return issuer.issue(request, journal, std::move(stop));
  }

 private:
  // In order of preference. Who gives a DNS hook wants it used.
  std::vector<ChallengeSolver*> solvers() const {
    std::vector<ChallengeSolver*> solvers;
    if (dns_hook_) solvers.push_back(dns_hook_.get());
    if (webroot_) {
      solvers.push_back(webroot_.get());
    } else {
      solvers.push_back(&shared_.published_);
    }
    return solvers;
  }

  CaIssuers& shared_;
  const std::shared_ptr<Connection> connection_;
  const CaSpec ca_;
  Budget& budget_;
  AccountStore accounts_;
  BudgetedTransport transport_;
  std::unique_ptr<WebrootHttp01> webroot_;
  std::unique_ptr<ChallengeSolver> dns_hook_;
};

CaIssuers::CaIssuers(Store& store, PublishedAnswers& answers, DnsWays& dns, Clock& clock,
                     EventSink events, TransportFactory transports)
    : store_(store),
      clock_(clock),
      events_(std::move(events)),
      transports_(std::move(transports)),
      published_(answers),
      dns_(dns) {}

std::unique_ptr<Issuer> CaIssuers::issuer(const CertificateSpec& spec, const CaSpec& ca,
                                          Budget& budget) {
  return std::make_unique<AttemptIssuer>(*this, connection(ca), spec, ca, budget);
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
