#include <autohttps/tools/autohttps/site_options.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/options.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>

namespace autohttps::tools {
namespace {

bool has_contents(const Settings& settings) {
  return !settings.root.empty() || !settings.reverse_proxy.empty() || !settings.redirect_to.empty();
}

void check_contents(const Settings& settings) {
  if (settings.root.empty() || settings.reverse_proxy.empty()) return;
  throw Error(ErrorCode::config, "--root and --reverse-proxy are two ways to answer",
              "leave out one of the two");
}

SiteOptions contents_of(const Settings& settings) {
  SiteOptions site;
  site.names = settings.names;
  if (!settings.root.empty()) site.root = std::filesystem::absolute(settings.root);
  if (!settings.reverse_proxy.empty()) site.reverse_proxy = {settings.reverse_proxy};
  site.redirect_to = settings.redirect_to;
  return site;
}

// The line's: for its names, or where it has none for every host that the store has.
std::vector<SiteOptions> of_line(const Settings& settings) {
  if (!has_contents(settings)) return {};
  check_contents(settings);
  return {contents_of(settings)};
}

}  // namespace

std::vector<SiteOptions> site_options(const Config& config, const EventSink& events) {
  if (!config.line.names.empty()) return of_line(settings_for(config, config.line.names));
  if (config.sites.empty()) return of_line(config.line);
  if (has_contents(config.line)) {
    throw Error(ErrorCode::config,
                "the configuration has sites, and --root, --reverse-proxy or --redirect-to would "
                "be for all of them",
                "name the domains it is for, or write it into the site's file");
  }
  std::vector<SiteOptions> sites;
  for (const Settings& settings : config.sites) {
    SiteOptions& site = sites.emplace_back(contents_of(settings));
    try {
      site.certificate = certificate_options(settings, events);
    } catch (const Error& error) {
      throw Error(error.code(),
                  "site " + printable(settings.names.front(), 300) + ": " + error.what(),
                  error.hint());
    }
  }
  return sites;
}

std::vector<std::string> fixed_keys_that_changed(const Settings& before, const Settings& after) {
  std::vector<std::string> keys;
  const auto compare = [&](const char* option, bool same) {
    if (!same) keys.push_back(config_key(*find_option(option)));
  };
  compare("bind", before.bind == after.bind);
  compare("http-port", before.http_port == after.http_port);
  compare("https-port", before.https_port == after.https_port);
  compare("public-https-port", before.public_https_port == after.public_https_port);
  compare("modern-tls", before.modern_tls == after.modern_tls);
  compare("max-connections", before.max_connections == after.max_connections);
  compare("max-connections-per-address",
          before.max_connections_per_address == after.max_connections_per_address);
  compare("max-body", before.max_body == after.max_body);
  compare("store", before.store == after.store);
  compare("staging", before.staging == after.staging);
  return keys;
}

}  // namespace autohttps::tools
