// The HTTPS front with sites in it: files, a reverse proxy or a redirect by host, before the
// program's own routes (not installed).
#pragma once

#include <autohttps/common/event.h>
#include <autohttps/server/httplib/https_server.h>
#include <autohttps/server/sites/site_table.h>

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace autohttps {

// A host with contents is its site's alone; all other hosts, and those of sites without contents,
// are the routes'. Without sites it is an HttpsServer and nothing else.
class SiteServer final : public HttpsServer {
 public:
  SiteServer(std::shared_ptr<CertificateSource>, TlsPolicy, EventSink);
  ~SiteServer() override;

  // From the next request on; those under way end as they began. Any time, any thread. Throws
  // Error(config), and then nothing has changed.
  void serve_sites(std::vector<Site>, std::uint16_t public_https_port);

 private:
  struct Sites;
  std::shared_ptr<const Sites> sites() const;
  bool prepare(httplib::Request&, std::string_view raw_head) override;
  void answer(const httplib::Request&, httplib::Response&, const httplib::ContentReader*);

  const EventSink events_;
  mutable std::mutex mutex_;  // guards sites_
  std::shared_ptr<const Sites> sites_;
};

}  // namespace autohttps
