// Sites in front of the program's own routes: files, a reverse proxy, redirects and refusals by
// host and path, each answered where the request was read.
#pragma once

#include <autohttps/common/event.h>
#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/sites/dressing.h>
#include <autohttps/server/sites/reverse_proxy.h>
#include <autohttps/server/sites/site.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace autohttps {

struct SitePlace;

// Thread-safe. A host with contents is its site's alone; all other hosts, and those of sites
// without contents, are the routes'. A connection that was made for one site gets nothing of
// another one (421).
class SiteSink final : public RequestSink {
 public:
  explicit SiteSink(EventSink, IsTrusted = {});
  ~SiteSink() override;

  // Before the first request, which they outlive.
  void set_routes(RequestSink& routes) noexcept { routes_ = &routes; }

  // From the next request on; those under way end as they began. Upstreams and passwords that are
  // configured as before are remembered. Throws Error(config), and then nothing has changed.
  void serve_sites(std::vector<Site>, std::uint16_t public_https_port);

  // Of all sites in force, for metrics.
  std::vector<UpstreamStatus> upstreams() const;

  // Whom a trusted proxy in front speaks for, else the peer. A view of the record; empty: not
  // known.
  std::string_view client_of(const RequestRecord&) const noexcept;

  void handle(ExchangePtr) noexcept override;
  Intake intake(const HeadView&, std::string_view server_name) noexcept override;

 private:
  struct Sites;
  std::shared_ptr<const Sites> sites() const;
  void answer(ExchangePtr);
  void answer_at(const std::shared_ptr<const Sites>&, const SitePlace&, std::string_view beneath,
                 ExchangePtr);

  const EventSink events_;
  const IsTrusted is_trusted_;
  RequestSink* routes_ = nullptr;
  mutable std::mutex mutex_;  // guards sites_
  std::shared_ptr<const Sites> sites_;
};

}  // namespace autohttps
