#include <autohttps/tools/autohttps/config_sites.h>

#include <autohttps/acme/store/certificate_spec.h>
#include <autohttps/common/error.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/ca_settings.h>
#include <autohttps/tools/autohttps/site_contents.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace autohttps::tools {
namespace {

std::string in_quotes(const std::string& text) { return "\"" + printable(text, 200) + "\""; }

class Checker {
 public:
  explicit Checker(std::vector<ConfigProblem>& problems) : problems_(problems) {}

  bool check(ConfigSite&);

 private:
  void complain(const ConfigSite&, std::string text, std::string hint = {});
  void check_names(ConfigSite&);
  void check_shared(const ConfigSite&);
  void check_contents(const ConfigSite&);

  std::vector<ConfigProblem>& problems_;
  std::map<std::string, ConfigPlace> names_;  // who has them
  std::map<std::string, ConfigPlace> ids_;
};

void Checker::complain(const ConfigSite& site, std::string text, std::string hint) {
  problems_.push_back({.place = site.names_place,
                       .text = std::move(text),
                       .hint = std::move(hint),
                       .excerpt = site.excerpt});
}

void Checker::check_names(ConfigSite& site) {
  std::vector<std::string>& names = site.settings.names;
  if (names.empty()) {
    return complain(site, "this site has no names",
                    "names = [\"example.com\", \"www.example.com\"]");
  }
  try {
    std::vector<std::string> canonical;
    for (const Identifier& name : parse_identifiers(names)) {
      canonical.push_back(name.value);
      if (const auto trouble = wildcard_trouble(site.settings, name)) {
        complain(site, trouble->what(), trouble->hint());
      }
    }
    names = std::move(canonical);
    if (!site.settings.name.empty()) acme::check_certificate_id(site.settings.name);
  } catch (const Error& error) {
    complain(site, error.what(), error.hint());
  }
}

void Checker::check_shared(const ConfigSite& site) {
  for (const std::string& name : site.settings.names) {
    const auto [found, added] = names_.emplace(name, site.names_place);
    if (added) continue;
    complain(site,
             in_quotes(name) + " belongs to another site already, at " + place_text(found->second),
             "a name is one site's: leave it out in one of the two");
  }
  if (site.settings.name.empty()) return;
  const auto [found, added] = ids_.emplace(site.settings.name, site.names_place);
  if (added) return;
  complain(site, "the certificate's name " + in_quotes(site.settings.name) +
                     " belongs to another site already, at " + place_text(found->second));
}

void Checker::check_contents(const ConfigSite& site) {
  try {
    check_site(site_contents(site.settings));
  } catch (const Error& error) {
    complain(site, error.what(), error.hint());
  }
  try {
    first_ca(site.settings);
    fallback_cas(site.settings);
  } catch (const Error& error) {
    complain(site, error.what(), error.hint());
  }
  const bool told = site.settings.told.contains("staging");
  if (!told && site.settings.staging && !site.settings.server.empty()) {
    complain(site, "staging and server name two different CAs",
             "leave out one of them: staging is Let's Encrypt's test CA");
  }
}

bool Checker::check(ConfigSite& site) {
  const std::size_t before = problems_.size();
  check_names(site);
  if (problems_.size() == before) check_shared(site);
  check_contents(site);
  return problems_.size() == before;
}

// Certificates of the test CA lie in a store of their own, and a process has one store.
void check_staging(const std::vector<ConfigSite>& sites, Settings& global,
                   std::vector<ConfigProblem>& problems) {
  if (sites.empty()) return;
  const bool first = sites.front().settings.staging;
  for (const ConfigSite& site : sites) {
    if (site.settings.staging == first) continue;
    problems.push_back({.place = site.names_place,
                        .text = "this site and the one at " +
                                place_text(sites.front().names_place) + " differ in staging",
                        .hint = "set staging in the main file, for all of them; a test CA of one "
                                "site's own can be had by server = URL",
                        .excerpt = site.excerpt});
    return;
  }
  if (!global.told.contains("staging")) global.staging = first;
}

std::set<std::string> canonical_set(const std::vector<std::string>& names) {
  std::set<std::string> result;
  for (const std::string& name : names) result.insert(Identifier::parse(name).value);
  return result;
}

}  // namespace

std::vector<Settings> check_sites(std::vector<ConfigSite> sites, Settings& global,
                                  std::vector<ConfigProblem>& problems) {
  check_staging(sites, global, problems);
  Checker checker(problems);
  std::vector<Settings> good;
  for (ConfigSite& site : sites) {
    if (checker.check(site)) good.push_back(std::move(site.settings));
  }
  return good;
}

const Settings* site_with_names(const std::vector<Settings>& sites,
                                const std::vector<std::string>& names) {
  if (names.empty() || sites.empty()) return nullptr;
  const std::set<std::string> wanted = canonical_set(names);
  const auto matches = [&](const Settings& site) {
    return std::set<std::string>(site.names.begin(), site.names.end()) == wanted;
  };
  const auto found = std::ranges::find_if(sites, matches);
  return found == sites.end() ? nullptr : &*found;
}

}  // namespace autohttps::tools
