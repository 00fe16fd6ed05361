#include <autohttps/acme/ca_issuers.h>

#include <autohttps/acme/challenges/webroot_http01.h>
#include <autohttps/acme/issuance/order_issuer.h>
#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/common/error.h>

#include <utility>

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
  }

  Bundle issue(const IssueRequest& request, OrderJournal& journal, std::stop_token stop) override {
    const CaConnection ca{connection_->session, transport_, shared_.clock_};
    Client client =
        ca.client(std::make_shared<const AccountKey>(account_key_for(accounts_, ca, stop)));
    ChallengeSolver* solver = webroot_.get();
    if (solver == nullptr) solver = &shared_.published_;
    OrderIssuer issuer(client, accounts_, ca_, {solver}, budget_, shared_.clock_, shared_.events_);
    return issuer.issue(request, journal, std::move(stop));
  }

 private:
  CaIssuers& shared_;
  const std::shared_ptr<Connection> connection_;
  const CaSpec ca_;
  Budget& budget_;
  AccountStore accounts_;
  BudgetedTransport transport_;
  std::unique_ptr<WebrootHttp01> webroot_;
};

CaIssuers::CaIssuers(Store& store, PublishedAnswers& answers, Clock& clock, EventSink events,
                     TransportFactory transports)
    : store_(store),
      clock_(clock),
      events_(std::move(events)),
      transports_(std::move(transports)),
      published_(answers) {}

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
