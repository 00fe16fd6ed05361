#include <autohttps/server/sites/upstream_group.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/engine/coarse_clock.h>
#include <autohttps/server/engine/octets.h>

#include <utility>

namespace autohttps {
namespace {

const char* hint_of(const ProxyOptions& options) {
  return options.upstreams.size() > 1 ? "its requests go to the others until it answers"
                                      : "visitors get 502 or 504 until it answers";
}

std::unique_ptr<const TlsClientContext> tls_of(const UpstreamUrl& url,
                                               const ProxyOptions& options) {
  if (url.kind != UpstreamUrl::Kind::tls) return nullptr;
  return std::make_unique<TlsClientContext>(url.host, options.ca_bundle);
}

void check(const ProxyOptions& options) {
  if (options.upstreams.empty() || options.upstreams.size() > UpstreamGroup::kMost) {
    throw Error(ErrorCode::config,
                "a reverse proxy with " + std::to_string(options.upstreams.size()) + " upstreams",
                "name 1 to " + std::to_string(UpstreamGroup::kMost) +
                    ", for example http://127.0.0.1:8080");
  }
  const std::string& path = options.health_check;
  if (path.empty()) return;
  if (!path.starts_with('/') || span_of(kTargetOctet, path) != path.size()) {
    throw Error(ErrorCode::config, "\"" + printable(path, 100) + "\" is no path for health checks",
                "for example /healthz");
  }
}

}  // namespace

PlacedUpstream::PlacedUpstream(const std::string& name_in, const ProxyOptions& options,
                               EventSink events)
    : url(parse_upstream_url(name_in)),
      name(printable(name_in, 300)),
      tls(tls_of(url, options)),
      addresses(url),
      health("upstream " + name, hint_of(options), std::move(events)) {}

UpstreamGroup::UpstreamGroup(ProxyOptions options, const EventSink& events)
    : options_(std::move(options)) {
  check(options_);
  for (const std::string& name : options_.upstreams) {
    all_.push_back(std::make_unique<PlacedUpstream>(name, options_, events));
  }
}

PlacedUpstream* UpstreamGroup::choose(std::uint64_t& tried) noexcept {
  const std::size_t count = all_.size();
  const std::size_t first = count == 1 ? 0 : turn_.fetch_add(1, std::memory_order_relaxed) % count;
  std::size_t best = count;
  std::size_t best_load = 0;
  bool best_well = false;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t which = (first + i) % count;
    if ((tried >> which & 1) != 0) continue;
    PlacedUpstream& each = *all_[which];
    const bool well = each.health.is_well();
    if (!well && count > 1 && each.health.is_to_be_tried(coarse_milliseconds())) {
      best = which;
      break;
    }
    const std::size_t load = each.active.load(std::memory_order_relaxed);
    if (best == count || (well && !best_well) || (well == best_well && load < best_load)) {
      best = which;
      best_load = load;
      best_well = well;
    }
  }
  if (best == count) return nullptr;
  tried |= std::uint64_t{1} << best;
  return all_[best].get();
}

}  // namespace autohttps
