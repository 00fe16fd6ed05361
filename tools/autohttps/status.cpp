#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/report.h>
#include <autohttps/tools/autohttps/serving.h>
#include <autohttps/tools/autohttps/store_owner.h>
#include <autohttps/tools/autohttps/survey.h>
#include <autohttps/tools/autohttps/wish.h>

#include <algorithm>
#include <optional>

namespace autohttps::tools {
namespace {

// "counters   accepted 10, open 2 ...": what was refused or cut stands there by its name.
std::string counters_text(const std::map<std::string, std::uint64_t>& counters) {
  if (counters.empty()) return {};
  std::string text;
  for (const auto& [name, count] : counters) {
    text += (text.empty() ? "" : ", ") + name + " " + std::to_string(count);
  }
  return "counters   " + text + "\n";
}

std::string serving_text(const std::optional<Serving>& serving) {
  if (!serving) return "served by  no autohttps serve is running on this store\n";
  return "served by  autohttps serve (pid " + std::to_string(serving->pid) + ") on ports " +
         std::to_string(serving->http_port) + " and " + std::to_string(serving->https_port) + "\n" +
         counters_text(serving->counters);
}

Json serving_json(const std::optional<Serving>& serving) {
  if (!serving) return nullptr;
  return {{"pid", serving->pid},
          {"http_port", serving->http_port},
          {"https_port", serving->https_port},
          {"counters", serving->counters}};
}

Thresholds thresholds_of(const Settings& settings) {
  Thresholds thresholds;
  if (settings.warn) thresholds.warning = *settings.warn;
  if (settings.crit) thresholds.critical = *settings.crit;
  // One that was told alone moves the other along: a warning comes before the alarm.
  if (!settings.crit) thresholds.critical = std::min(thresholds.critical, thresholds.warning);
  if (!settings.warn) thresholds.warning = std::max(thresholds.critical, thresholds.warning);
  if (thresholds.critical <= thresholds.warning) return thresholds;
  throw Error(ErrorCode::config, "--crit is above --warn: it would never warn",
              "give --warn the larger share of life, as in --warn 20 --crit 10");
}

Json all_json(const std::vector<Survey>& surveys, const std::optional<Serving>& serving,
              const std::optional<Verdict>& verdict, const std::filesystem::path& path,
              WallTime now) {
  Json object = answer("status");
  object["store"] = path.string();
  object["serving"] = serving_json(serving);
  object["need_you"] =
      std::ranges::count_if(surveys, [](const Survey& survey) { return needs_a_person(survey); });
  if (verdict) {
    object["verdict"] = {{"exit", static_cast<int>(verdict->alarm)}, {"line", verdict->line}};
  }
  object["certificates"] = Json::array();
  for (const Survey& survey : surveys) {
    object["certificates"].push_back(survey_json(survey, path, now));
  }
  return object;
}

std::string all_text(const std::vector<Survey>& surveys, const std::optional<Serving>& serving,
                     const std::optional<Verdict>& verdict, const std::filesystem::path& path,
                     WallTime now) {
  std::string text;
  if (verdict) text += verdict->line + "\n\n";
  if (!verdict && !surveys.empty()) text += headline(surveys) + "\n\n";
  for (const Survey& survey : surveys) text += survey_text(survey, path, now) + "\n";
  if (surveys.empty()) {
    text += "no certificates yet: autohttps obtain example.com --agree-tos gets the first\n\n";
  }
  return text + "store      " + path.string() + "\n" + serving_text(serving);
}

}  // namespace

Exit status(const Settings& settings, Output& output) {
  const ActingAsOwner acting(settings.store);
  SystemClock clock;
  const WallTime now = clock.wall();
  const std::filesystem::path path = store_path(settings);
  const std::unique_ptr<acme::Store> store = open_existing_store(settings, clock);
  std::vector<Survey> surveys;
  std::optional<Serving> serving;
  if (store) {
    acme::CertificateStore certificates(*store);
    serving = who_serves(*store, clock);
    surveys =
        survey_all(certificates, settings.names, serving ? ask_server(*serving) : AskServed(), now);
  }
  std::optional<Verdict> verdict;
  if (settings.warn || settings.crit) verdict = judge(surveys, thresholds_of(settings), now);
  if (settings.json) {
    output.result(to_text(all_json(surveys, serving, verdict, path, now)));
  } else {
    output.result(all_text(surveys, serving, verdict, path, now));
  }
  return verdict ? static_cast<Exit>(verdict->alarm) : Exit::done;
}

}  // namespace autohttps::tools
