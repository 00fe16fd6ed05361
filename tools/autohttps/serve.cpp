#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/auto_https/auto_https.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/serving.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <unistd.h>

#include <memory>
#include <stop_token>

namespace autohttps::tools {
namespace {

constexpr const char* kSmallPage =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>autohttps</title>\n"
    "<p>HTTPS works. <code>autohttps serve --root DIR</code> serves your files here.</p></html>\n";

void add_pages(AutoHttps& site, const Settings& settings) {
  if (settings.root.empty()) {
    site.routes().Get("/", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(kSmallPage, "text/html; charset=utf-8");
    });
  } else if (!site.routes().set_mount_point("/", settings.root)) {
    throw Error(ErrorCode::config, "--root \"" + printable(settings.root, 300) +
                                       "\" is not a folder that can be read");
  }
}

void check_something_to_serve(AutoHttps& site, const Settings& settings) {
  if (!settings.names.empty() || !site.certificates().certificates().ids().empty()) return;
  throw Error(ErrorCode::config,
              "no domains were named, and the store \"" + store_path(settings).string() +
                  "\" has no certificates",
              "autohttps serve example.com --agree-tos");
}

// A second `serve` on one store is unusual, not wrong: other ports, the same certificates.
std::unique_ptr<ServingRecord> record(AutoHttps& site, Output& output) {
  const Serving serving{
      .pid = ::getpid(), .http_port = site.http_port(), .https_port = site.https_port()};
  try {
    return std::make_unique<ServingRecord>(site.certificates().store(), site.certificates().clock(),
                                           serving);
  } catch (const Error& error) {
    output.warning(std::string("this store is served by another process as well: ") + error.what());
    return nullptr;
  }
}

}  // namespace

Exit serve(const Config& config, Output& output) {
  const Settings settings = settings_for(config, config.line.names);
  const Interruption interruption;
  const ActingAsOwner acting(settings.store, Missing::make);
  AutoHttpsOptions options = server_options(settings, output.sink());
  options.configured_hooks = configured_hooks(config);
  AutoHttps site(std::move(options));
  check_something_to_serve(site, settings);
  add_pages(site, settings);
  {
    const AsRoot as_root;
    site.bind();
  }
  give_up_root();
  const std::unique_ptr<ServingRecord> served = record(site, output);
  output.step("serving https on port " + std::to_string(site.https_port()) +
              ", http (challenges, redirects) on port " + std::to_string(site.http_port()));
  output.step(
      "note: this front is not yet for the open internet: slow clients can hold its threads");
  const std::stop_callback on_stop(interruption.token(), [&site] { site.stop(); });
  site.serve();
  output.step("stopped");
  return Exit::done;
}

}  // namespace autohttps::tools
