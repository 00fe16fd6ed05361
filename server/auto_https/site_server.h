// The HTTPS front with sites in it, before the program's own routes (not installed).
#pragma once

#include <autohttps/common/event.h>
#include <autohttps/server/httplib/https_server.h>
#include <autohttps/server/sites/site_sink.h>

#include <memory>

namespace autohttps {

// Without sites it is an HttpsServer and nothing else.
class SiteServer final : public HttpsServer {
 public:
  SiteServer(std::shared_ptr<CertificateSource>, TlsPolicy, EventSink, IsTrusted = {});
  ~SiteServer() override;

  SiteSink& sites() noexcept { return sites_; }

 private:
  RequestSink& in_front_of(RequestSink& routes) override;

  SiteSink sites_;
};

}  // namespace autohttps
