// What a running server has met and how its certificates are, as text for Prometheus.
#pragma once

#include <autohttps/acme/management/manager.h>
#include <autohttps/common/clock.h>
#include <autohttps/server/auto_https/certificate_facts.h>
#include <autohttps/server/auto_https/exposition.h>
#include <autohttps/server/engine/counters.h>
#include <autohttps/server/sites/access_log.h>
#include <autohttps/server/sites/reverse_proxy.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autohttps {

// As of one moment; what is null is not there.
struct MetricsSources {
  std::vector<std::pair<std::string_view, const Counters*>> listeners{};  // "https", "http"
  std::vector<UpstreamStatus> upstreams{};
  const AccessLog* access_log = nullptr;
  const acme::Manager* manager = nullptr;
  std::uint64_t swaps = 0;
  const std::vector<CertificateFact>* certificates = nullptr;  // null: the store cannot be read
};

// Names begin with "autohttps_", but for those that every program has ("process_"). No account, no
// key, no path.
std::string metrics_text(const MetricsSources&, WallTime now);

// Of a store with more certificates each has no samples of its own but those that are not "ok".
inline constexpr std::size_t kMostListedCertificates = 1'000;

}  // namespace autohttps
