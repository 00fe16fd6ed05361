#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/commands.h>
#include <autohttps/tools/autohttps/config.h>
#include <autohttps/tools/autohttps/report.h>

namespace autohttps::tools {
namespace {

std::string count(std::size_t number, const std::string& thing) {
  return std::to_string(number) + " " + thing + (number == 1 ? "" : "s");
}

Json problem_json(const ConfigProblem& problem) {
  return {{"file", problem.place.file},
          {"line", problem.place.line},
          {"column", problem.place.column},
          {"text", problem.text},
          {"hint", problem.hint}};
}

std::string config_json(const Config& config) {
  Json object = answer("config");
  object["files"] = config.files;
  object["unreadable"] = config.closed;
  object["sites"] = Json::array();
  for (const Settings& site : config.sites) {
    object["sites"].push_back({{"names", site.names},
                               {"root", site.root},
                               {"reverse_proxy", site.reverse_proxy},
                               {"redirect_to", site.redirect_to},
                               {"paths", Json::array()}});
    for (const Settings& path : site.paths) {
      object["sites"].back()["paths"].push_back(
          {{"prefix", path.prefix}, {"root", path.root}, {"reverse_proxy", path.reverse_proxy}});
    }
  }
  object["problems"] = Json::array();
  for (const ConfigProblem& problem : config.problems) {
    object["problems"].push_back(problem_json(problem));
  }
  return to_text(object);
}

std::string config_text(const Config& config) {
  std::string text;
  for (const ConfigProblem& problem : config.problems) text += problem_text(problem);
  for (const std::string& path : config.closed) {
    text += printable(path, 300) + ": this user may not read it\n";
  }
  if (!config.problems.empty()) return text + count(config.problems.size(), "problem") + "\n";
  if (config.files.empty() && config.closed.empty()) {
    return text + "there is no configuration file; the default one is " + kDefaultConfig + "\n";
  }
  for (const std::string& file : config.files) text += printable(file, 300) + "\n";
  return text + count(config.sites.size(), "site") + ", all well\n";
}

}  // namespace

Exit config_check(const Settings& settings, Output& output) {
  const Config config = read_config(settings, /*look_at_paths=*/true);
  output.result(settings.json ? config_json(config) : config_text(config));
  return config.problems.empty() && config.closed.empty() ? Exit::done : Exit::usage;
}

}  // namespace autohttps::tools
