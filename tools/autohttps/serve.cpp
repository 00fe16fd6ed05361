#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/error.h>
#include <autohttps/server/auto_https/auto_https.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/interruption.h>
#include <autohttps/tools/autohttps/reload.h>
#include <autohttps/tools/autohttps/service_manager.h>
#include <autohttps/tools/autohttps/serving.h>
#include <autohttps/tools/autohttps/site_options.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/wish.h>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <stop_token>
#include <thread>

namespace autohttps::tools {
namespace {

constexpr const char* kSmallPage =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>autohttps</title>\n"
    "<p>HTTPS works. <code>autohttps serve --root DIR</code> serves your files here.</p></html>\n";

void add_small_page(AutoHttps& server) {
  server.routes().Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(kSmallPage, "text/html; charset=utf-8");
  });
}

void check_something_to_serve(AutoHttps& server, const Config& config) {
  if (!config.line.names.empty() || !config.sites.empty()) return;
  if (!config.global.on_demand.empty() || !config.global.on_demand_ask.empty()) return;
  if (!server.certificates().certificates().is_empty()) return;
  throw Error(ErrorCode::config,
              "no domains were named, no configuration has sites, and the store \"" +
                  store_path(config.global).string() + "\" has no certificates",
              "autohttps serve example.com --agree-tos");
}

// A second `serve` on one store is unusual, not wrong: other ports, the same certificates.
std::unique_ptr<ServingRecord> record(AutoHttps& server, Output& output) {
  const Serving serving{
      .pid = ::getpid(), .http_port = server.http_port(), .https_port = server.https_port()};
  try {
    return std::make_unique<ServingRecord>(server.certificates().store(),
                                           server.certificates().clock(), serving);
  } catch (const Error& error) {
    output.warning(std::string("this store is served by another process as well: ") + error.what());
    return nullptr;
  }
}

// Written down now and then, for `status`: a server that is asked by nobody writes nothing.
void keep_counters(ServingRecord* record, AutoHttps& server, const std::stop_token& stop) {
  constexpr std::chrono::seconds kOften{10};
  while (record != nullptr && server.certificates().clock().sleep_for(kOften, stop)) {
    record->count(server.counters());
  }
}

}  // namespace

Exit serve(const Config& config, Output& output) {
  const Settings settings = settings_for(config, config.line.names);
  Interruption interruption(Interruption::Others::call);
  const ActingAsOwner acting(settings.store, Missing::make);
  AutoHttpsOptions options = server_options(settings, output.sink());
  options.configured_hooks = configured_hooks(config);
  options.engine.body = largest_body(config);
  AutoHttps server(std::move(options));
  check_something_to_serve(server, config);
  add_small_page(server);
  server.apply(site_options(config, output.sink()));
  {
    const AsRoot as_root;
    server.bind();
  }
  give_up_root();
  const std::unique_ptr<ServingRecord> served = record(server, output);
  Reload reload(config, server, output);
  const std::jthread counting(
      [&](const std::stop_token& stop) { keep_counters(served.get(), server, stop); });
  const std::stop_callback on_stop(interruption.token(), [&server] {
    tell_service_manager(stopping_state());
    server.stop();
  });
  const Interruption::OnSignal on_hangup(interruption, SIGHUP, [&reload] { reload.run(); });
  const Interruption::OnSignal on_moved(interruption, SIGUSR1,
                                        [&server] { server.reopen_access_log(); });
  // Not before: who reads this may send such a signal.
  output.step("serving https on port " + std::to_string(server.https_port()) +
              ", http (challenges, redirects) on port " + std::to_string(server.http_port()));
  tell_service_manager(ready_state("serving on port " + std::to_string(server.https_port())));
  server.serve();
  output.step("stopped");
  return Exit::done;
}

}  // namespace autohttps::tools
