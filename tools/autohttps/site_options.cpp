#include <autohttps/tools/autohttps/site_options.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/options.h>
#include <autohttps/tools/autohttps/site_contents.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

namespace autohttps::tools {
namespace {

std::string site_name(const Site& site) {
  return "site " + (site.names.empty() ? "of all other hosts" : printable(site.names.front(), 300));
}

std::string in_words(std::chrono::seconds time) {
  constexpr long kDay = 86'400;
  const long days = time.count() / kDay;
  return days > 1 ? std::to_string(days) + " days" : std::to_string(time.count()) + " seconds";
}

// Loud: of all that can be set this alone cannot be taken back.
Event hsts_note(const Site& site) {
  if (site.hsts->count() == 0) {
    return {Event::Level::step,
            {},
            site_name(site) + ": hsts 0 tells browsers that come to forget it",
            {}};
  }
  return {Event::Level::warning,
          {},
          site_name(site) + ": hsts binds every browser that comes to HTTPS for " +
              in_words(*site.hsts) +
              ", past no certificate warning meanwhile: this cannot be taken back",
          "begin with minutes; hsts = 0 ends it, but only for who comes again over good HTTPS"};
}

// A slip in a path would only be seen by visitors. No error: a disk may come later.
void note_missing(const Site& site, const std::string& root, const EventSink& events) {
  std::error_code ignored;
  const auto type = std::filesystem::status(root, ignored).type();
  if (root.empty() || type != std::filesystem::file_type::not_found) return;
  events({Event::Level::warning,
          {},
          site_name(site) + ": root \"" + printable(root, 300) +
              "\" is not there: until it is, whoever comes gets 404",
          "make the folder, or correct the path"});
}

SiteOptions contents_of(const Settings& settings, const EventSink& events) {
  SiteOptions site;
  static_cast<Site&>(site) = site_contents(settings);
  if (site.hsts && settings.staging) {
    site.hsts.reset();
    if (events) {
      events({Event::Level::warning,
              {},
              site_name(site) + ": hsts is not told with a test CA's certificates",
              "browsers that trust none of them could never come back"});
    }
  }
  check_site(site);
  if (!events) return site;
  if (site.hsts) events(hsts_note(site));
  note_missing(site, site.root, events);
  for (const auto& path : site.paths) note_missing(site, path.root, events);
  return site;
}

// How answers look, and nothing that answers: a slip that would go unnoticed, of a password above
// all.
void check_told(const Settings& settings) {
  for (const char* option : {"listing", "health-check", "strip-prefix", "error-pages", "header",
                             "security-headers", "hsts", "basic-auth", "compress"}) {
    if (!settings.told.contains(option)) continue;
    throw Error(ErrorCode::config,
                "--" + std::string(option) + " is about what is served, and nothing is named",
                "say what: --root DIR, --reverse-proxy URL or --route PREFIX=TARGET");
  }
}

// The line's: for its names, or where it has none for every host that the store has.
std::vector<SiteOptions> of_line(const Settings& settings, const EventSink& events) {
  if (!has_contents(settings)) {
    check_told(settings);
    return {};
  }
  return {contents_of(settings, events)};
}

}  // namespace

std::vector<SiteOptions> site_options(const Config& config, const EventSink& events) {
  if (!config.line.names.empty()) return of_line(settings_for(config, config.line.names), events);
  if (config.sites.empty()) return of_line(config.global, events);
  if (has_contents(config.line)) {
    throw Error(ErrorCode::config,
                "the configuration has sites, and --root, --reverse-proxy, --route or "
                "--redirect-to would be for all of them",
                "name the domains it is for, or write it into the site's file");
  }
  std::vector<SiteOptions> sites;
  for (const Settings& settings : config.sites) {
    SiteOptions& site = sites.emplace_back(contents_of(settings, events));
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
  compare("on-demand", before.on_demand == after.on_demand);
  compare("on-demand-ask", before.on_demand_ask == after.on_demand_ask);
  compare("on-demand-per-hour", before.on_demand_per_hour == after.on_demand_per_hour);
  compare("access-log", before.access_log == after.access_log);
  compare("access-log-format", before.access_log_format == after.access_log_format);
  compare("metrics", before.metrics == after.metrics);
  compare("store", before.store == after.store);
  compare("staging", before.staging == after.staging);
  return keys;
}

std::uint64_t largest_body(const Config& config) {
  std::uint64_t most = config.sites.empty() ? largest_body(config.global) : 0;
  for (const Settings& site : config.sites) most = std::max(most, largest_body(site));
  return most;
}

}  // namespace autohttps::tools
