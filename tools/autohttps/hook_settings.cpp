#include <autohttps/tools/autohttps/hook_settings.h>

#include <autohttps/acme/management/process_hooks.h>
#include <autohttps/common/error.h>
#include <autohttps/common/identifier.h>
#include <autohttps/tools/autohttps/wish.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <system_error>

namespace autohttps::tools {
namespace {

using Commands = std::vector<std::string>;

struct Kind {
  const char* option;
  Commands Settings::*of_settings;
  Commands acme::Hooks::*of_hooks;
};
constexpr std::array kKinds = {Kind{"pre", &Settings::pre, &acme::Hooks::pre},
                               Kind{"deploy", &Settings::deploy, &acme::Hooks::deploy},
                               Kind{"failed", &Settings::failed, &acme::Hooks::failed}};

Commands without_none(Commands commands) {
  std::erase(commands, kNoHooks);
  return commands;
}

// Now, and not in the night.
void check_programs(const Commands& commands, const std::filesystem::path& folder) {
  for (const std::string& command : commands) {
    acme::hook_program(acme::split_command(command).front(), folder);
  }
}

// Those of `settings` that a file gave: an entry for each owner that kinds may have.
void add_written(std::vector<acme::ConfiguredHooks>& all, const Settings& settings,
                 const std::vector<Identifier>& names) {
  bool any = false;
  for (const Kind& kind : kKinds) {
    const auto owner = settings.written_by.find(kind.option);
    if (owner == settings.written_by.end() || settings.told.contains(kind.option)) continue;
    acme::ConfiguredHooks& entry = all.emplace_back();
    entry.names = names;
    entry.owner = owner->second;
    entry.hooks.*kind.of_hooks = without_none(settings.*kind.of_settings);
    any = true;
  }
  // A site without hooks is a site all the same: the main file's are not for it.
  if (!any && !names.empty()) all.push_back({{}, names, {}, 0});
}

}  // namespace

std::filesystem::path hooks_folder() {
  if (const char* told = std::getenv("AUTOHTTPS_HOOKS"); told != nullptr && *told != '\0') {
    return std::filesystem::absolute(told);
  }
  std::error_code ignored;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::filesystem::path folder = program.parent_path();
  for (const auto& candidate : {folder.parent_path() / "lib/autohttps/hooks", folder / "hooks"}) {
    if (std::filesystem::is_directory(candidate, ignored)) return candidate;
  }
  return {};
}

acme::HookWish told_hooks(const Settings& settings) {
  const std::filesystem::path folder = hooks_folder();
  const auto told = [&](const Kind& kind) -> std::optional<Commands> {
    if (!settings.told.contains(kind.option)) return std::nullopt;
    Commands commands = without_none(settings.*kind.of_settings);
    check_programs(commands, folder);
    return commands;
  };
  return {told(kKinds[0]), told(kKinds[1]), told(kKinds[2])};
}

std::vector<acme::ConfiguredHooks> configured_hooks(const Config& config) {
  std::vector<acme::ConfiguredHooks> all;
  add_written(all, config.global, {});
  for (const Settings& site : config.sites) add_written(all, site, parse_identifiers(site.names));
  return all;
}

AutoCertificatesOptions whole_store(const Config& config, Output& output) {
  Settings settings = config.global;
  settings.names.clear();
  AutoCertificatesOptions options = certificate_options(settings, output.sink());
  options.configured_hooks = configured_hooks(config);
  return options;
}

}  // namespace autohttps::tools
