// `autohttps uninstall`: what setup installed, taken back.
#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/setup/apply.h>
#include <autohttps/tools/autohttps/setup/places.h>
#include <autohttps/tools/autohttps/setup/question.h>
#include <autohttps/tools/autohttps/setup/summary.h>
#include <autohttps/tools/autohttps/setup/system_machine.h>
#include <autohttps/tools/autohttps/setup/unplan.h>
#include <autohttps/tools/autohttps/wish.h>

#include <filesystem>

namespace autohttps::tools {
namespace {

void agree(const Plan& plan, Output& output) {
  if (!can_ask()) {
    throw Error(ErrorCode::config,
                "uninstall changes this machine, and there is no terminal to ask whether it may",
                "add --yes; --plan says what would change");
  }
  for (const Change& change : plan.changes) output.step(change.what);
  if (!agreed("Do this?", true, output)) throw Error(ErrorCode::canceled, "nothing changed");
}

void tell(const Plan& plan, const Settings& settings, const Surroundings& found, Output& output) {
  if (settings.json) {
    Json object = answer("uninstall");
    object["changes"] = Json::array();
    for (const Change& change : plan.changes) object["changes"].push_back(change.what);
    object["store"] = found.store;
    output.result(to_text(object));
    return;
  }
  if (settings.quiet) return;
  output.result("certificates, keys and accounts stay in " + found.store +
                ", the server's log in " +
                (found.systemd ? std::string("the journal") : std::string(kServiceLog)) + "\n");
}

}  // namespace

Exit uninstall(const Settings& settings, Output& output) {
  SystemMachine machine;
  const std::string config =
      settings.config.empty()
          ? "/etc/autohttps/autohttps.toml"
          : std::filesystem::absolute(settings.config).lexically_normal().string();
  const Surroundings found = look(settings, config, machine);
  const Plan plan = plan_uninstall(found);
  for (const std::string& warning : plan.warnings) output.warning(warning);
  if (plan.changes.empty()) {
    output.step("nothing of setup's is here");
    if (settings.json) tell(plan, settings, found, output);
    return Exit::done;
  }
  if (settings.plan) {
    if (settings.json) {
      tell(plan, settings, found, output);
    } else {
      output.result(plan_text(plan));
    }
    return Exit::done;
  }
  if (!found.root) {
    throw Error(ErrorCode::permission,
                "uninstall removes files below /etc and stops services, which only root may do",
                "as root, the same again: sudo autohttps uninstall");
  }
  if (!settings.yes) agree(plan, output);
  apply(plan.changes, machine, output);
  tell(plan, settings, found, output);
  return Exit::done;
}

}  // namespace autohttps::tools
