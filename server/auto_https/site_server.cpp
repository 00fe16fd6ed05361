#include <autohttps/server/auto_https/site_server.h>

#include <utility>

namespace autohttps {

SiteServer::SiteServer(std::shared_ptr<CertificateSource> source, TlsPolicy policy,
                       EventSink events, IsTrusted is_trusted)
    : HttpsServer(std::move(source), policy), sites_(std::move(events), std::move(is_trusted)) {}

SiteServer::~SiteServer() { end_connections(); }

RequestSink& SiteServer::in_front_of(RequestSink& routes) {
  sites_.set_routes(routes);
  return sites_;
}

}  // namespace autohttps
