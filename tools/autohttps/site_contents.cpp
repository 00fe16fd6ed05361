#include <autohttps/tools/autohttps/site_contents.h>

#include <autohttps/tools/autohttps/site_values.h>

#include <algorithm>
#include <filesystem>

namespace autohttps::tools {
namespace {

std::filesystem::path absolute(const std::string& path) {
  if (path.empty()) return {};
  return std::filesystem::absolute(path).lexically_normal();
}

void tell_contents(const Settings& settings, SitePath& path) {
  path.root = absolute(settings.root);
  path.listing = settings.listing;
  path.reverse_proxy = settings.reverse_proxy;
  path.health_check = settings.health_check;
  path.upstream_ca_bundle = absolute(settings.upstream_ca_bundle);
  path.upstream_timeout = settings.upstream_timeout;
  path.trusted_proxies = settings.trusted_proxies;
  path.basic_auth = settings.basic_auth == kNoBasicAuth ? std::filesystem::path(kNoBasicAuth)
                                                        : absolute(settings.basic_auth);
  path.max_body = settings.max_body;
  path.compress = settings.compress;
  path.error_pages = absolute(settings.error_pages);
  for (const std::string& header : settings.headers) path.headers.push_back(parse_header(header));
}

// "--route /api=..." of the line.
SitePath route(const Settings& settings, const std::string& text) {
  SitePath path = parse_route(text);
  if (!path.root.empty()) path.root = absolute(path.root.string());
  path.strip_prefix = settings.strip_prefix && !path.reverse_proxy.empty();
  return path;
}

bool any_path(const Site& site, bool (*has)(const SitePath&)) {
  return has(site) || std::any_of(site.paths.begin(), site.paths.end(), has);
}

// What the main file says of every site is not wrong of one that has no use for it.
void leave_out_what_is_for_others(const Settings& settings, Site& site) {
  const auto is_own = [&](const char* option) {
    return settings.own.contains(option) || settings.told.contains(option);
  };
  if (!any_path(site, [](const SitePath& path) { return !path.reverse_proxy.empty(); })) {
    if (!is_own("upstream-ca-bundle")) site.upstream_ca_bundle.clear();
    if (!is_own("upstream-timeout")) site.upstream_timeout.reset();
  }
  if (any_path(site, autohttps::has_contents)) return;
  if (!is_own("header")) site.headers.clear();
  if (!is_own("error-pages")) site.error_pages.clear();
  if (!is_own("compress")) site.compress.reset();
  if (!is_own("security-headers")) site.security_headers = false;
  if (!is_own("hsts")) site.hsts.reset();
  if (!is_own("max-body")) site.max_body.reset();
}

}  // namespace

bool has_contents(const Settings& settings) {
  return serves_itself(settings) || !settings.redirect_to.empty();
}

bool serves_itself(const Settings& settings) {
  return !settings.root.empty() || !settings.reverse_proxy.empty() || !settings.routes.empty() ||
         !settings.paths.empty();
}

void clear_contents(Settings& settings) { take_contents(settings, Settings()); }

void take_contents(Settings& settings, const Settings& from) {
  settings.root = from.root;
  settings.listing = from.listing;
  settings.reverse_proxy = from.reverse_proxy;
  settings.health_check = from.health_check;
  settings.redirect_to = from.redirect_to;
  settings.routes = from.routes;
  settings.strip_prefix = from.strip_prefix;
  settings.paths = from.paths;
}

Site site_contents(const Settings& settings) {
  Site site;
  site.names = settings.names;
  site.redirect_to = settings.redirect_to;
  site.security_headers = settings.security_headers;
  site.hsts = settings.hsts;
  tell_contents(settings, site);
  for (const Settings& said : settings.paths) {
    SitePath& path = site.paths.emplace_back();
    path.prefix = said.prefix;
    path.strip_prefix = said.strip_prefix;
    tell_contents(said, path);
  }
  for (const std::string& text : settings.routes) site.paths.push_back(route(settings, text));
  leave_out_what_is_for_others(settings, site);
  // Where another site takes more, this one does not.
  if (!site.max_body && any_path(site, autohttps::has_contents)) site.max_body = kUsualBody;
  return site;
}

std::uint64_t largest_body(const Settings& settings) {
  std::uint64_t most = settings.max_body.value_or(kUsualBody);
  for (const Settings& path : settings.paths) most = std::max(most, path.max_body.value_or(0));
  return most;
}

}  // namespace autohttps::tools
