#include <autohttps/tools/autohttps/setup/installation.h>

#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/packaged_texts.h>
#include <autohttps/tools/autohttps/setup/cadence.h>
#include <autohttps/tools/autohttps/setup/places.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace autohttps::tools {
namespace {

constexpr int kHour = 60;
constexpr unsigned kScript = 0755;
constexpr std::array kUnits{PackagedText::service, PackagedText::renew_service,
                            PackagedText::renew_timer};

PackagedValues values_of(const Surroundings& found, int every, int minute) {
  PackagedValues values = packaged_defaults();
  values["PROGRAM"] = found.program;
  values["CONFIG"] = found.config;
  values["STORE"] = found.store;
  values["USER"] = found.user;
  values["GROUP"] = found.group;
  constexpr std::string_view kState = "/var/lib/";
  values["STATE_DIRECTORY"] =
      found.store.starts_with(kState) ? found.store.substr(kState.size()) : std::string();
  with_cadence(values, every, minute);
  return values;
}

std::string every_text(int minutes) {
  if (minutes == kHour) return "every hour";
  return minutes == 1 ? "every minute" : "every " + std::to_string(minutes) + " minutes";
}

std::string at_text(const CronMinutes& minutes) {
  return every_text(minutes.every) +
         (minutes.every == 1 ? "" : ", from minute " + std::to_string(minutes.first) + " on");
}

std::string text_of(const Surroundings& found, const std::string& path) {
  const auto file = found.files.find(path);
  return file == found.files.end() ? std::string() : file->second;
}

std::string unit_path(PackagedText unit) { return kOwnUnits + std::string(packaged_name(unit)); }

bool has_unit(const Surroundings& found, PackagedText unit) {
  return found.has(kPackageUnits + std::string(packaged_name(unit))) || found.has(unit_path(unit));
}

// Written by us: our first line is in it, and no package has it.
bool is_ours(const Surroundings& found, const std::string& path, PackagedText text) {
  const std::string present = text_of(found, path);
  if (present.empty() || found.packaged.contains(path)) return false;
  const std::string ours = packaged_text(text, values_of(found, kHour, 0));
  // The first comment that says something: the first line of a script is its interpreter.
  const std::size_t begin = ours.starts_with("#!") ? ours.find('\n') + 1 : 0;
  const std::size_t lines = ours.find('\n', ours.find('\n', begin) + 1);
  return present.find(ours.substr(begin, lines - begin)) != std::string::npos;
}

// The cadence that a timer file or our drop-in says: "*:0/5", "hourly".
int timer_minutes(const std::string& text) {
  constexpr std::string_view kKey = "OnCalendar=";
  const std::size_t at = text.rfind(kKey);
  if (at == std::string::npos) return kHour;
  const std::string_view rest = std::string_view(text).substr(at + kKey.size());
  const std::string_view value = trim(rest.substr(0, rest.find('\n')));
  const std::size_t slash = value.find('/');
  int minutes = kHour;
  if (slash != std::string_view::npos) {
    std::from_chars(value.data() + slash + 1, value.data() + value.size(), minutes);
  }
  return minutes;
}

std::string present_timer(const Surroundings& found) {
  const std::string own = text_of(found, unit_path(PackagedText::renew_timer));
  const std::string unit =
      own.empty()
          ? text_of(found, kPackageUnits + std::string(packaged_name(PackagedText::renew_timer)))
          : own;
  return unit + text_of(found, kTimerCadence);
}

void plan_timer(Plan& plan, const Surroundings& found, int every) {
  bool changed = false;
  for (const PackagedText unit : {PackagedText::renew_service, PackagedText::renew_timer}) {
    if (has_unit(found, unit)) continue;
    plan.changes.push_back(write_change(unit_path(unit),
                                        packaged_text(unit, values_of(found, every, 0)),
                                        "looks " + every_text(every)));
    changed = true;
  }
  if (has_unit(found, PackagedText::renew_timer) && timer_minutes(present_timer(found)) > every) {
    const std::string calendar = values_of(found, every, 0)["CALENDAR"];
    plan.changes.push_back(
        write_change(kTimerCadence,
                     "# Made by `autohttps setup`: certificates here live "
                     "shorter than usual.\n[Timer]\nOnCalendar=\nOnCalendar=" +
                         calendar + "\nRandomizedDelaySec=" + std::to_string(every) + "min\n",
                     "looks " + every_text(every)));
    changed = true;
  }
  if (changed) plan.changes.push_back(run_change({"systemctl", "daemon-reload"}, ""));
  if (changed || !found.service.timer) {
    plan.changes.push_back(run_change({"systemctl", "enable", "autohttps-renew.timer"}, ""));
    plan.changes.push_back(
        run_change({"systemctl", "restart", "autohttps-renew.timer"}, "renewal begins to look"));
  }
}

void plan_cron(Plan& plan, const Surroundings& found, int every) {
  if (!found.cron_installed) {
    plan.warnings.push_back(
        plan.serves
            ? "there is neither systemd nor cron: the server renews by itself as long as it runs"
            : "there is neither systemd nor cron: nothing renews the certificate. Install cron "
              "(apt-get install cron) and say the same again");
    return;
  }
  if (!found.cron_runs) {
    plan.warnings.push_back("cron is installed and not running: service cron start");
  }
  const auto present = cron_minutes(text_of(found, kCronFile));
  if (present && present->every <= every) return;  // another certificate may need it so often
  const int minute = present ? present->first : found.random_minute;
  const CronMinutes minutes{every, minute % every};
  plan.changes.push_back(write_change(
      kCronFile, packaged_text(PackagedText::cron, values_of(found, every, minutes.first)),
      "renewal looks " + at_text(minutes)));
}

std::vector<std::string> service_command(const Surroundings& found, const std::string& verb) {
  if (found.systemd) return {"systemctl", verb, "autohttps.service"};
  return {kInitScript, verb};
}

void plan_init_script(Plan& plan, const Surroundings& found) {
  if (!found.has(kInitScript)) {
    plan.changes.push_back(write_change(
        kInitScript, packaged_text(PackagedText::init_script, values_of(found, kHour, 0)),
        "the service", kScript));
  }
  if (found.service.enabled) return;
  plan.changes.push_back(run_change({"update-rc.d", "autohttps", "defaults"}, ""));
  plan.changes.push_back(
      run_change({"update-rc.d", "autohttps", "enable"}, "it starts with the machine"));
}

void plan_unit(Plan& plan, const Surroundings& found) {
  if (!has_unit(found, PackagedText::service)) {
    plan.changes.push_back(write_change(
        unit_path(PackagedText::service),
        packaged_text(PackagedText::service, values_of(found, kHour, 0)), "the service"));
    plan.changes.push_back(run_change({"systemctl", "daemon-reload"}, ""));
  }
  if (!found.service.enabled) {
    plan.changes.push_back(
        run_change({"systemctl", "enable", "autohttps.service"}, "it starts with the machine"));
  }
}

}  // namespace

Change write_change(const std::string& path, const std::string& text, const std::string& what,
                    unsigned mode) {
  return {.kind = Change::Kind::write,
          .what = "write " + path + (what.empty() ? "" : ": " + what),
          .path = path,
          .text = text,
          .mode = mode};
}

Change run_change(std::vector<std::string> command, const std::string& why) {
  std::string words;
  for (const std::string& word : command) words += (words.empty() ? "" : " ") + word;
  return {.kind = Change::Kind::run,
          .what = "run " + words + (why.empty() ? "" : ": " + why),
          .path = {},
          .text = {},
          .command = std::move(command)};
}

Change remove_change(const std::string& path) {
  return {.kind = Change::Kind::remove,
          .what = "remove " + path,
          .path = path,
          .text = {},
          .command = {}};
}

void plan_renewal(Plan& plan, const Surroundings& found) {
  const int every = cadence_of(found);
  if (found.systemd) return plan_timer(plan, found, every);
  plan_cron(plan, found, every);
}

void plan_service(Plan& plan, const Surroundings& found, bool sites_change) {
  if (found.systemd) {
    plan_unit(plan, found);
  } else {
    plan_init_script(plan, found);
  }
  if (!found.service.running) {
    plan.changes.push_back(run_change(service_command(found, "start"), ""));
  } else if (sites_change) {
    plan.changes.push_back(
        run_change(service_command(found, "reload"), "it takes the new site up, without a break"));
  }
}

void unplan_renewal(Plan& plan, const Surroundings& found) {
  if (is_ours(found, kCronFile, PackagedText::cron)) {
    plan.changes.push_back(remove_change(kCronFile));
  }
  if (!found.systemd) return;
  if (found.service.timer) {
    plan.changes.push_back(
        run_change({"systemctl", "disable", "--now", "autohttps-renew.timer"}, ""));
  }
  if (found.has(kTimerCadence)) {
    plan.changes.push_back(remove_change(kTimerCadence));
    const std::string folder = config_folder(kTimerCadence);
    plan.changes.push_back({.kind = Change::Kind::remove_folder,
                            .what = "remove " + folder,
                            .path = folder,
                            .text = {},
                            .command = {}});
  }
}

void unplan_service(Plan& plan, const Surroundings& found) {
  if (found.service.socket) {  // first: the next connection would start the service again
    plan.changes.push_back(run_change({"systemctl", "disable", "--now", "autohttps.socket"}, ""));
  }
  if (found.service.running) {
    plan.changes.push_back(run_change(service_command(found, "stop"), ""));
  }
  if (found.systemd) {
    if (found.service.enabled) {
      plan.changes.push_back(run_change({"systemctl", "disable", "autohttps.service"}, ""));
    }
    bool removed = false;
    for (const PackagedText unit : kUnits) {
      if (!is_ours(found, unit_path(unit), unit)) continue;
      plan.changes.push_back(remove_change(unit_path(unit)));
      removed = true;
    }
    if (removed || found.has(kTimerCadence)) {
      plan.changes.push_back(run_change({"systemctl", "daemon-reload"}, ""));
    }
    return;
  }
  const bool own_script = is_ours(found, kInitScript, PackagedText::init_script);
  if (own_script) plan.changes.push_back(remove_change(kInitScript));
  if (found.service.enabled) {
    // Without its script the links go as a whole; the package's own stays, not started any more.
    plan.changes.push_back(
        run_change({"update-rc.d", "autohttps", own_script ? "remove" : "disable"}, ""));
  }
}

std::string renewal_text(const Surroundings& found) {
  if (found.systemd) {
    if (!found.service.timer) return {};
    return every_text(timer_minutes(present_timer(found))) + " (autohttps-renew.timer)";
  }
  const auto minutes = cron_minutes(text_of(found, kCronFile));
  return minutes ? at_text(*minutes) + " (" + kCronFile + ")" : std::string();
}

}  // namespace autohttps::tools
