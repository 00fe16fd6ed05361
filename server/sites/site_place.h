// What answers at one path of one site, ready to be asked (not installed).
#pragma once

#include <autohttps/common/event.h>
#include <autohttps/server/sites/basic_auth.h>
#include <autohttps/server/sites/dressing.h>
#include <autohttps/server/sites/media_types.h>
#include <autohttps/server/sites/network.h>
#include <autohttps/server/sites/reverse_proxy.h>
#include <autohttps/server/sites/site.h>
#include <autohttps/server/sites/static_files.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace autohttps {

// What outlives a change of sites that does not concern it: connections kept to upstreams and what
// is known of their health, passwords that were right.
struct SharedParts {
  std::map<std::string, std::shared_ptr<ReverseProxy>> proxies;  // by all that they are told
  std::map<std::string, std::shared_ptr<BasicAuth>> auths;
  std::shared_ptr<const MediaTypes> types{};  // as the system's table is now
  std::size_t memory_of_files = 0;            // for the small files of each place
};

// Immutable, thread-safe.
struct SitePlace {
  // Throws Error(config): of files and upstreams that cannot be used. The parts that `before` has
  // are taken from there; all of this place go into `now`.
  SitePlace(const Site&, const SitePath&, const EventSink&, const IsTrusted&,
            const SharedParts& before, SharedParts& now);

  const SitePath& path;
  const SitePath& contents;  // the path's, or where it has none the site's
  Dressing dressing;
  const std::vector<Network> trusted;  // proxies in front
  std::shared_ptr<StaticFiles> files{};
  std::shared_ptr<ReverseProxy> proxy{};
  std::shared_ptr<BasicAuth> auth{};
  std::uint64_t max_body = 0;  // 0: the engine's alone

  bool is_own() const noexcept { return &path == &contents; }
};

}  // namespace autohttps
