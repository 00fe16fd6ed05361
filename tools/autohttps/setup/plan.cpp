#include <autohttps/tools/autohttps/setup/plan.h>
#include <autohttps/tools/autohttps/site_contents.h>

#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/setup/cadence.h>
#include <autohttps/tools/autohttps/setup/installation.h>
#include <autohttps/tools/autohttps/setup/places.h>
#include <autohttps/tools/autohttps/setup/site_file.h>
#include <autohttps/tools/autohttps/setup/way.h>

namespace autohttps::tools {
namespace {

constexpr std::chrono::hours kUsualLife{24 * 90};  // of a certificate that is not there yet

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// True when the file changes.
bool plan_site(Plan& plan, const Surroundings& found, bool force) {
  const std::string path = site_path(found.config, found.certificate.id);
  const std::string text = site_text(plan.site, found.above);
  const auto present = found.files.find(path);
  if (present == found.files.end()) {
    if (found.configured_elsewhere) {
      plan.warnings.push_back("a site with these names stands in another file below " +
                              config_folder(found.config) + " and stays as it is");
      return false;
    }
    plan.changes.push_back(write_change(path, text, "what is served, and how"));
    return true;
  }
  if (present->second == text) return false;
  if (kind_of_site_file(present->second) != SiteFile::ours && !force) {
    // Edited, and says the same.
    if (found.present_site && site_text(*found.present_site, found.above) == text) return false;
    plan.warnings.push_back(path +
                            " was written or changed by hand and stays as it is; --force "
                            "overwrites it");
    return false;
  }
  plan.changes.push_back(write_change(path, text, "what is served, and how, anew"));
  return true;
}

void plan_certificate(Plan& plan, const Surroundings& found, const Settings& settings) {
  if (found.certificate.good && !settings.force) return;
  std::string how = "answered on port " + std::to_string(settings.http_port);
  if (is_answered_by_dns(plan.site)) {
    how = "answered by DNS";
  } else if (!plan.site.webroot.empty()) {
    how =
        "answered by files in " + printable(plan.site.webroot, 300) + "/.well-known/acme-challenge";
  } else if (found.http && is_ours(*found.http)) {
    how = "answered by the server that runs";
  } else if (plan.site.challenge == "tls-alpn-01" || found.http) {
    how = "answered on port " + std::to_string(settings.https_port);
  }
  plan.changes.push_back({.kind = Change::Kind::certificate,
                          .what = "get a certificate for " + listed(plan.site.names) + ", " + how,
                          .path = {},
                          .text = {},
                          .command = {}});
}

// Neither the server nor the keys need root. Made before the store, which is then this user's.
void plan_user(Plan& plan, const Surroundings& found) {
  if (!found.may_make_user) return;
  plan.changes.push_back(
      run_change({"useradd", "--system", "--user-group", "--no-create-home", "--home-dir",
                  found.store, "--shell", "/usr/sbin/nologin", "autohttps"},
                 "whose the keys are, and as whom the server runs"));
}

void warn_of_certbot(Plan& plan, const Surroundings& found) {
  if (!found.certbot) return;
  const std::string& name = plan.site.names.front();
  plan.warnings.push_back("certbot renews a certificate for " + name +
                          " too: once this one is in use, certbot delete --cert-name " + name +
                          " ends that");
}

}  // namespace

int cadence_of(const Surroundings& found) {
  return minutes_between_looks(found.certificate.shortest_life.value_or(
      std::chrono::duration_cast<std::chrono::seconds>(kUsualLife)));
}

Plan plan_setup(const Settings& settings, const Surroundings& found) {
  Plan plan;
  plan.site = settings;
  plan.serves = serves_itself(settings);
  choose_way(plan.site, found);
  if (!is_answered_by_dns(settings)) plan.warnings = address_warnings(found.names);
  warn_of_certbot(plan, found);

  plan_user(plan, found);
  plan_certificate(plan, found, settings);
  const bool sites_change = plan_site(plan, found, settings.force);
  plan_renewal(plan, found);
  if (plan.serves || found.service.running) plan_service(plan, found, sites_change);

  if (!plan.serves && found.web_server != WebServer::none) {
    const std::string& name = plan.site.names.front();
    const VirtualHost* host = host_for(found.hosts, name, false);
    VirtualHost made;
    if (host != nullptr) made = *host;
    if (made.pages.empty() && made.proxy.empty()) made.pages = plan.site.webroot;
    plan.snippet = snippet_for(found.web_server, plan.site.names,
                               files_of(found.certificate.store, found.certificate.id), made,
                               named_host(found.hosts, name, true));
  }
  return plan;
}

}  // namespace autohttps::tools
