// Issuers at real CAs, and what all attempts at the same CA share: connections, directory, nonces.
#pragma once

#include <autohttps/acme/challenges/answering_ways.h>
#include <autohttps/acme/challenges/dns_persist.h>
#include <autohttps/acme/challenges/dns_ways.h>
#include <autohttps/acme/challenges/published_http01.h>
#include <autohttps/acme/challenges/published_tls_alpn01.h>
#include <autohttps/acme/management/manager.h>
#include <autohttps/acme/protocol/client.h>
#include <autohttps/acme/store/published_answers.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

namespace autohttps::acme {

// The CA could not connect the last time: a port that is shut from outside, by a firewall or a
// provider, stays so, and the other one may be open. So attempts go through the two in turns, as
// often as they would anyway; any other failure is the name's or the answer's, and no reason to.
bool prefers_other_port(const CertificateState&) noexcept;

// Thread-safe. Outlives the Issuers it makes.
class CaIssuers {
 public:
  using TransportFactory = std::function<std::unique_ptr<Transport>(const CaSpec&)>;

  CaIssuers(Store&, PublishedAnswers&, const AnsweringWays&, DnsWays&, Clock&, EventSink,
            TransportFactory);

  // The Manager's IssuerFactory. Asks nothing of the network yet. Throws Error(config): a URL that
  // is not https, a bundle that cannot be read, a webroot that is no folder.
  std::unique_ptr<Issuer> issuer(const CertificateSpec&, const CaSpec&, Budget&);

  // What is to stand in DNS for the names of a wish (dns-persist-01), by its first CA: see
  // persist_offers.h. `order` costs budget. Without `register_account` only an account that is
  // there is used. Throws Error, ProblemError.
  std::vector<PersistDemand> persist_demands(const CertificateSpec&, bool order,
                                             bool register_account, std::stop_token);

 private:
  // One CA as one user reaches it.
  struct Connection {
    std::unique_ptr<Transport> transport;
    std::shared_ptr<ClientSession> session;
  };
  class AttemptIssuer;

  std::shared_ptr<Connection> connection(const CaSpec&);

  // Constant after construction, thread-safe themselves.
  Store& store_;
  Clock& clock_;
  const EventSink events_;
  const TransportFactory transports_;
  PublishedHttp01 http01_;
  PublishedTlsAlpn01 tls_alpn01_;
  DnsWays& dns_;

  std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, std::string>, std::shared_ptr<Connection>>
      connections_;  // guarded by mutex_; by directory URL, trust and proxy
};

}  // namespace autohttps::acme
