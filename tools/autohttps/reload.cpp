#include <autohttps/tools/autohttps/reload.h>

#include <autohttps/acme/management/manager.h>
#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/hook_settings.h>
#include <autohttps/tools/autohttps/service_manager.h>
#include <autohttps/tools/autohttps/site_options.h>
#include <autohttps/tools/autohttps/wish.h>

#include <string>

namespace autohttps::tools {
namespace {

std::string count_of(std::size_t sites) {
  return std::to_string(sites) + (sites == 1 ? " site" : " sites");
}

// Root may have read it when we began; the store's owner need not be able to.
void check_readable(const Config& config) {
  if (config.closed.empty()) return;
  throw Error(
      ErrorCode::config,
      "\"" + printable(config.closed.front(), 300) + "\" may not be read by this process any more",
      "let its user read it (chmod go+r), or restart the service");
}

}  // namespace

Reload::Reload(const Config& config, AutoHttps& server, Output& output)
    : config_(config), most_body_(largest_body(config)), server_(server), output_(output) {}

void Reload::take_over(const Config& next) {
  check_readable(next);
  if (const auto problem = problem_of(next)) throw *problem;
  std::string fixed;
  for (const std::string& key : fixed_keys_that_changed(config_.global, next.global)) {
    fixed += (fixed.empty() ? "" : ", ") + key;
  }
  if (largest_body(next) > most_body_) fixed += std::string(fixed.empty() ? "" : ", ") + "max_body";
  server_.apply(site_options(next, output_.sink()));
  server_.certificates().manager().configure_hooks(configured_hooks(next));
  if (!fixed.empty()) {
    output_.warning("changed in the configuration, but not while running: " + fixed,
                    "they take a restart of the service");
  }
}

void Reload::run() noexcept {
  tell_service_manager(reloading_state());
  std::string status;
  try {
    if (config_.files.empty()) {
      output_.step(
          "SIGHUP: this server was started without a configuration, nothing to read again");
    } else {
      Config next = read_config(config_.line);
      settle_store(next.global);
      take_over(next);
      config_ = std::move(next);
      output_.step("configuration read again: " + count_of(config_.sites.size()));
    }
    status = "serving " + count_of(config_.sites.size());
  } catch (const Error& error) {
    output_.warning(std::string("the configuration stays as it was: ") + error.what(),
                    error.hint());
    status = "the configuration has a mistake, the one before is in force";
  } catch (const std::exception& error) {
    output_.warning(std::string("the configuration stays as it was: ") + error.what());
    status = "reading the configuration failed, the one before is in force";
  }
  tell_service_manager(ready_state(status));
}

}  // namespace autohttps::tools
