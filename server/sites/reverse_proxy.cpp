#include <autohttps/server/sites/reverse_proxy.h>

#include <autohttps/server/sites/proxy_relay.h>
#include <autohttps/server/sites/upstream_group.h>
#include <autohttps/server/sites/upstream_keeper.h>

#include <exception>
#include <utility>

namespace autohttps {

struct ReverseProxy::Parts {
  std::shared_ptr<UpstreamGroup> group;
  std::shared_ptr<UpstreamKeeper> keeper;
};

ReverseProxy::ReverseProxy(ProxyOptions options, EventSink events)
    : parts_(std::make_unique<Parts>()) {
  parts_->group = std::make_shared<UpstreamGroup>(std::move(options), std::move(events));
  parts_->keeper = std::make_shared<UpstreamKeeper>(parts_->group);
}

ReverseProxy::~ReverseProxy() { parts_->keeper->stop(); }

void ReverseProxy::handle(ExchangePtr exchange, ProxiedRequest request) {
  exchange->relay(std::make_unique<ProxyRelay>(parts_->group, parts_->keeper, std::move(request)));
}

std::vector<UpstreamStatus> ReverseProxy::status() const {
  std::vector<UpstreamStatus> all;
  for (const auto& each : parts_->group->all()) {
    UpstreamStatus status;
    status.name = each->name;
    status.well = each->health.is_well();
    status.active = each->active;
    status.idle = each->pool.size();
    status.requests = each->requests;
    status.connections = each->connections;
    status.retries = each->retries;
    status.failures = each->failures;
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace autohttps
