#include <autohttps/tools/autohttps/setup/unplan.h>

#include <autohttps/tools/autohttps/setup/installation.h>
#include <autohttps/tools/autohttps/setup/places.h>
#include <autohttps/tools/autohttps/setup/site_file.h>

namespace autohttps::tools {
namespace {

// An empty folder that no package has. Not empty: it stays, without a word.
void unplan_folder(Plan& plan, const Surroundings& found, const std::string& folder) {
  if (found.packaged.contains(folder)) return;
  plan.changes.push_back({.kind = Change::Kind::remove_folder,
                          .what = "remove " + folder + " if nothing else is in it",
                          .path = folder,
                          .text = {},
                          .command = {}});
}

}  // namespace

Plan plan_uninstall(const Surroundings& found) {
  Plan plan;
  unplan_service(plan, found);
  unplan_renewal(plan, found);
  const std::string sites = sites_folder(found.config) + "/";
  bool removed_site = false;
  for (const auto& [path, text] : found.files) {
    if (!path.starts_with(sites)) continue;
    if (kind_of_site_file(text) == SiteFile::ours) {
      plan.changes.push_back(remove_change(path));
      removed_site = true;
    } else {
      plan.warnings.push_back(path +
                              " was written or changed by hand and stays; nothing serves or "
                              "renews what it says any more");
    }
  }
  if (removed_site) {
    unplan_folder(plan, found, sites_folder(found.config));
    unplan_folder(plan, found, config_folder(found.config));
  }
  return plan;
}

}  // namespace autohttps::tools
