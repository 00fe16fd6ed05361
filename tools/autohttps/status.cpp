#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/outlook.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/serving.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

namespace autohttps::tools {
namespace {

std::string serving_text(const std::optional<Serving>& serving) {
  if (!serving) return "served by  no autohttps serve is running on this store\n";
  return "served by  autohttps serve (pid " + std::to_string(serving->pid) + ") on ports " +
         std::to_string(serving->http_port) + " and " + std::to_string(serving->https_port) + "\n";
}

Json serving_json(const std::optional<Serving>& serving) {
  if (!serving) return nullptr;
  return {{"pid", serving->pid},
          {"http_port", serving->http_port},
          {"https_port", serving->https_port}};
}

}  // namespace

Exit status(const Settings& settings, Output& output) {
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  const WallTime now = clock.wall();
  const std::filesystem::path path = store_path(settings);
  const std::unique_ptr<acme::Store> store = open_existing_store(settings, clock);
  std::vector<Outlook> outlooks;
  std::optional<Serving> serving;
  if (store) {
    acme::CertificateStore certificates(*store);
    outlooks = look_at_all(certificates, settings.names, now);
    serving = who_serves(*store, clock);
  }
  if (settings.json) {
    Json object = answer("status");
    object["store"] = path.string();
    object["serving"] = serving_json(serving);
    object["certificates"] = Json::array();
    for (const Outlook& outlook : outlooks) {
      object["certificates"].push_back(outlook_json(outlook, path, now));
    }
    output.result(to_text(object));
    return Exit::done;
  }
  std::string text;
  for (const Outlook& outlook : outlooks) text += outlook_text(outlook, path, now) + "\n";
  if (outlooks.empty()) {
    text += "no certificates yet: autohttps obtain example.com --agree-tos gets the first\n\n";
  }
  output.result(text + "store      " + path.string() + "\n" + serving_text(serving));
  return Exit::done;
}

}  // namespace autohttps::tools
