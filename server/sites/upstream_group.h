// The upstreams of one reverse proxy, and which of them a request goes to.
#pragma once

#include <autohttps/server/sites/reverse_proxy.h>
#include <autohttps/server/sites/upstream_addresses.h>
#include <autohttps/server/sites/upstream_health.h>
#include <autohttps/server/sites/upstream_pool.h>
#include <autohttps/server/sites/upstream_url.h>
#include <autohttps/server/tls/tls_client_context.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace autohttps {

// Thread-safe.
struct PlacedUpstream {
  // Throws as ReverseProxy does.
  PlacedUpstream(const std::string& name, const ProxyOptions&, EventSink);

  const UpstreamUrl url;
  const std::string name;
  const std::unique_ptr<const TlsClientContext> tls;  // null: plain
  UpstreamAddresses addresses;
  UpstreamHealth health;
  UpstreamPool pool;
  std::atomic<std::size_t> active{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::uint64_t> failures{0};
};

// Thread-safe.
class UpstreamGroup {
 public:
  static constexpr std::size_t kMost = 64;  // those that a request has tried are bits of a word

  // Throws as ReverseProxy does.
  UpstreamGroup(ProxyOptions, const EventSink&);

  const ProxyOptions& options() const noexcept { return options_; }
  const std::vector<std::unique_ptr<PlacedUpstream>>& all() const noexcept { return all_; }

  // The least busy of those that are well, or the one that is to be tried again; of those that
  // `tried` has no bit of. If none is well, any: an answer may come all the same. Null: all tried.
  PlacedUpstream* choose(std::uint64_t& tried) noexcept;

 private:
  const ProxyOptions options_;
  std::vector<std::unique_ptr<PlacedUpstream>> all_;
  std::atomic<std::size_t> turn_{0};  // of those equally busy
};

}  // namespace autohttps
