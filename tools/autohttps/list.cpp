#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>

namespace autohttps::tools {

Exit list(const Settings& settings, Output& output) {
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  const WallTime now = clock.wall();
  std::vector<Outlook> outlooks;
  if (const std::unique_ptr<acme::Store> store = open_existing_store(settings, clock)) {
    acme::CertificateStore certificates(*store);
    outlooks = look_at_all(certificates, {}, now);
    std::ranges::sort(outlooks, {}, &Outlook::id);
  }
  if (settings.json) {
    const std::filesystem::path path = store_path(settings);
    Json object = answer("list");
    object["store"] = path.string();
    object["certificates"] = Json::array();
    for (const Outlook& outlook : outlooks) {
      object["certificates"].push_back(outlook_json(outlook, path, now));
    }
    output.result(to_text(object));
    return Exit::done;
  }
  std::string text;
  for (const Outlook& outlook : outlooks) text += outlook_line(outlook, now);
  if (!text.empty()) output.result(text);
  return Exit::done;
}

}  // namespace autohttps::tools
