// Requests passed on to other servers, and their answers back: on the engine's threads, none of
// them waiting.
#pragma once

#include <autohttps/common/event.h>
#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/sites/answer.h>
#include <autohttps/server/sites/network.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace autohttps {

struct ProxyOptions {
  // http://host:port[/base], https://..., unix:/path[:/base]; see parse_upstream_url. Of several
  // the least busy one that is well is asked.
  std::vector<std::string> upstreams{};
  std::string ca_bundle{};     // PEM file that https upstreams are verified by; empty: the system's
  std::string health_check{};  // a path that a healthy upstream answers 2xx or 3xx; empty: none
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds silence{60'000};         // of an upstream that owes us bytes
  std::chrono::milliseconds tunnel_idle{3'600'000};  // of an upgraded connection, both ways
  // Whose X-Forwarded-* and Forwarded fields are believed, and added to.
  std::vector<Network> trusted_proxies{};
  bool preserve_host = true;  // the upstream gets the client's Host, not its own name
};

struct ProxiedRequest {
  std::string target{};  // for the upstream, put behind its base: "/a?b", or "*"
  std::string prefix{};  // what the target was stripped of, told as X-Forwarded-Prefix; often empty
  AnswerDresser dresser{};     // may be null; for every answer, also 502, 504, 413
  std::uint64_t max_body = 0;  // bytes, decoded; over it: 413. 0: the engine's limit alone
  // We have asked for a password: it is ours, and Authorization is not passed on.
  bool keeps_authorization = false;
};

// Of one upstream, for metrics.
struct UpstreamStatus {
  std::string name{};  // as in the options
  bool well = true;
  std::size_t active = 0;  // requests and tunnels under way
  std::size_t idle = 0;    // connections kept
  std::uint64_t requests = 0;
  std::uint64_t connections = 0;  // made
  std::uint64_t retries = 0;      // requests sent again, since a kept connection was dead
  std::uint64_t failures = 0;     // requests answered 502 or 504, or broken off
};

// Thread-safe. May be destroyed while its requests are under way: they end as they began.
class ReverseProxy {
 public:
  // Throws Error(config): no upstream, one that is none, an unreadable ca_bundle. No network yet.
  ReverseProxy(ProxyOptions, EventSink);
  ~ReverseProxy();

  // On a thread that leads; returns at once, the name of an upstream unknown so far apart. The
  // request's intake is `pulled` (or it has no body).
  void handle(ExchangePtr, ProxiedRequest);

  std::vector<UpstreamStatus> status() const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace autohttps
