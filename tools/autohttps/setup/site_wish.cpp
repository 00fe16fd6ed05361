#include <autohttps/tools/autohttps/setup/site_wish.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/config_file.h>
#include <autohttps/tools/autohttps/site_contents.h>
#include <autohttps/tools/autohttps/site_values.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

namespace autohttps::tools {
namespace {

std::string absolute_folder(const std::string& flag, const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    throw Error(ErrorCode::config,
                flag + " \"" + printable(path, 300) + "\" is not a folder" +
                    (error ? ": " + error.message() : std::string()),
                "make it first, or correct the path");
  }
  return std::filesystem::absolute(path).lexically_normal().string();
}

// "--route /static=public": the service has another folder.
std::string absolute_route(const std::string& text) {
  const SitePath path = parse_route(text);
  if (path.root.empty()) return text;
  return path.prefix + "=" + absolute_folder("--route", path.root.string());
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::count(names, name) > 0;
}

}  // namespace

void check_readable(const Settings& site) {
  const ActingAsOwner acting(site.store, Missing::make);
  const auto check = [](const std::string& path, int how) {
    if (path.empty() || path == kNoBasicAuth) return;
    if (::faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0) return;
    const int error_number = errno;
    const std::string shown = "\"" + printable(path, 300) + "\"";
    const bool is_folder = (how & X_OK) != 0;
    throw_errno(ErrorCode::config, "the server, which does not run as root, cannot read " + shown,
                error_number,
                is_folder ? "let others read it: chmod -R o+rX " + shown +
                                ", and o+x for the folders above it; or put the pages below /srv "
                                "or /var/www"
                          : "let its user read it: chgrp autohttps " + shown + ", chmod 640");
  };
  check(site.root, R_OK | X_OK);
  check(site.error_pages, R_OK | X_OK);
  check(site.basic_auth, R_OK);
  check(site.upstream_ca_bundle, R_OK);
}

Settings checked(const Settings& given) {
  Settings site = given;
  const AutoCertificatesOptions options = certificate_options(given, {});
  site.names = options.domains;
  site.ca_bundle = options.ca_bundle;
  site.webroot = options.webroot;
  site.root = absolute_folder("--root", given.root);
  site.error_pages = absolute_folder("--error-pages", given.error_pages);
  for (std::string& route : site.routes) route = absolute_route(route);
  for (std::string* file : {&site.basic_auth, &site.upstream_ca_bundle}) {
    if (file->empty() || *file == kNoBasicAuth) continue;
    *file = std::filesystem::absolute(*file).lexically_normal().string();
  }
  check_readable(site);
  check_site(site_contents(site));
  const bool serves = serves_itself(site);
  if (serves && !site.webroot.empty()) {
    throw Error(ErrorCode::config,
                "--webroot is for another web server's folder, and with --root or --reverse-proxy "
                "this program serves itself",
                "leave out --webroot");
  }
  return site;
}

std::string config_file(const Settings& line) {
  return line.config.empty() ? std::string(kDefaultConfig)
                             : std::filesystem::absolute(line.config).lexically_normal().string();
}

Settings main_file(const std::string& path, const Machine& machine) {
  Settings above;
  std::vector<ConfigSite> sites;
  std::vector<ConfigProblem> problems;
  if (const auto text = machine.read(path)) {
    read_main_file({.path = path, .text = *text}, above, sites, problems);
  }
  return above;
}

Settings wished(const Config& config, const Settings& above) {
  std::vector<std::string> names = certificate_options(config.line, {}).domains;
  Settings settings = settings_for(config, names);
  for (const Settings& site : config.sites) {
    const bool same =
        std::ranges::all_of(names, [&](const auto& name) { return has(site.names, name); });
    const bool wider =
        std::ranges::all_of(site.names, [&](const auto& name) { return has(names, name); });
    if (!same && !wider) continue;
    settings = settings_for(config, site.names);
    if (wider && !same) settings.names = names;
    break;
  }
  // After a trial with --staging the same without it wants the real thing, whatever the file of
  // the trial says.
  settings.staging = config.line.told.contains("staging") ? config.line.staging : above.staging;
  return settings;
}

}  // namespace autohttps::tools
