#include <autohttps/common/strings.h>
#include <autohttps/server/sites/network.h>
#include <autohttps/server/sites/site_place.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

namespace autohttps {
namespace {

constexpr std::chrono::seconds kUpstreamTimeout{60};

const SitePath& contents_of(const Site& site, const SitePath& path) {
  return has_contents(path) ? path : site;
}

// A bundle that was written anew is another one.
std::string version_of(const std::filesystem::path& file) {
  std::error_code ignored;
  const auto written = std::filesystem::last_write_time(file, ignored);
  return file.string() + "@" + std::to_string(written.time_since_epoch().count());
}

template <typename Part, typename Make>
std::shared_ptr<Part> take(const std::map<std::string, std::shared_ptr<Part>>& before,
                           std::map<std::string, std::shared_ptr<Part>>& now,
                           const std::string& key, const Make& make) {
  std::shared_ptr<Part>& part = now[key];
  if (part) return part;
  const auto found = before.find(key);
  part = found != before.end() ? found->second : make();
  return part;
}

std::vector<Network> trusted_proxies(const Site& site, const SitePath& path) {
  std::vector<Network> networks;
  for (const std::string& text : (path.trusted_proxies.empty() ? site : path).trusted_proxies) {
    networks.push_back(Network::parse(text));
  }
  return networks;
}

ProxyOptions proxy_options(const Site& site, const SitePath& path) {
  ProxyOptions options;
  options.upstreams = path.reverse_proxy;
  options.ca_bundle = (path.upstream_ca_bundle.empty() ? site : path).upstream_ca_bundle.string();
  options.health_check = path.health_check;
  options.silence =
      path.upstream_timeout.value_or(site.upstream_timeout.value_or(kUpstreamTimeout));
  options.trusted_proxies = trusted_proxies(site, path);
  return options;
}

std::string key_of(const Site& site, const SitePath& path) {
  const ProxyOptions options = proxy_options(site, path);
  std::string key;
  for (const std::string& url : options.upstreams) key += url + "\n";
  key += version_of(options.ca_bundle) + "\n" + options.health_check + "\n" +
         std::to_string(options.silence.count());
  for (const std::string& text : (path.trusted_proxies.empty() ? site : path).trusted_proxies) {
    key += "\n" + text;
  }
  return key;
}

std::string realm_of(const Site& site, const SitePath& path) {
  const std::string name = site.names.empty() ? "this server" : site.names.front();
  return path.prefix == "/" || path.basic_auth.empty() ? name : name + path.prefix;
}

}  // namespace

SitePlace::SitePlace(const Site& site, const SitePath& path_in, const EventSink& events,
                     const IsTrusted& is_trusted, const SharedParts& before, SharedParts& now)
    : path(path_in),
      contents(contents_of(site, path_in)),
      dressing(site, path_in, is_trusted),
      trusted(trusted_proxies(site, path_in)),
      max_body(path_in.max_body.value_or(site.max_body.value_or(0))) {
  if (!contents.root.empty()) {
    if (!now.types) now.types = MediaTypes::of_system();
    files = std::make_shared<StaticFiles>(StaticFilesOptions{.root = contents.root,
                                                             .listing = contents.listing,
                                                             .memory = now.memory_of_files,
                                                             .types = now.types});
  }
  if (!contents.reverse_proxy.empty()) {
    proxy = take(before.proxies, now.proxies, key_of(site, contents), [&] {
      return std::make_shared<ReverseProxy>(proxy_options(site, contents), events);
    });
  }
  const std::filesystem::path& users = path.basic_auth.empty() ? site.basic_auth : path.basic_auth;
  if (users.empty() || users == kNoBasicAuth) return;
  const std::string realm = realm_of(site, path);
  auth = take(before.auths, now.auths, users.string() + "\n" + realm,
              [&] { return std::make_shared<BasicAuth>(users, realm, events); });
}

}  // namespace autohttps
