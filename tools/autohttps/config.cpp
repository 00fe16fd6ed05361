#include <autohttps/tools/autohttps/config.h>

#include <autohttps/common/owned_fd.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/ca_settings.h>
#include <autohttps/tools/autohttps/config_sites.h>
#include <autohttps/tools/autohttps/site_contents.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>
#include <tuple>

namespace autohttps::tools {
namespace {

namespace fs = std::filesystem;

// What is served.
constexpr std::array kContents = {"root",  "listing",      "reverse-proxy", "health-check",
                                  "route", "strip-prefix", "redirect-to"};
constexpr std::size_t kLargestFile = 1 << 20;  // thousands of sites

ConfigProblem about_file(const std::string& path, std::string text, std::string hint = {}) {
  return {.place = {path, 0, 0}, .text = std::move(text), .hint = std::move(hint), .excerpt = {}};
}

std::string reason(int error_number) { return std::generic_category().message(error_number); }

// Hooks run as the file's owner, who is root for the most part.
std::optional<ConfigProblem> trouble_with(const std::string& path, const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return about_file(path, "this is a folder, not a file");
  if (S_ISREG(status.st_mode) && (status.st_mode & S_IWOTH) != 0) {
    return about_file(path, "every user of this machine may change this file",
                      "chmod o-w \"" + printable(path, 300) + "\"");
  }
  return std::nullopt;
}

// Also from a pipe, as in --config <(...).
std::optional<ConfigProblem> read_bounded(int file, ConfigSource& source) {
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return about_file(source.path, "reading it: " + reason(errno));
    if (count == 0) return std::nullopt;
    source.text.append(buffer.data(), static_cast<std::size_t>(count));
    if (source.text.size() > kLargestFile) {
      return about_file(source.path, "this file is larger than 1 MiB",
                        "sites may be spread over files in sites.d beside it");
    }
  }
}

class Loader {
 public:
  Loader(const Settings& line, bool look_at_paths) : look_at_paths_(look_at_paths) {
    config_.line = config_.global = line;
  }

  Config load();

 private:
  void read_main(const fs::path&);
  void read_sites(const fs::path& folder);
  void check_cas(const fs::path&);
  // Empty: it is not there, or was complained about.
  std::optional<ConfigSource> source(const fs::path&, bool may_be_missing);

  const bool look_at_paths_;
  bool is_default_ = false;
  Config config_;
  std::vector<ConfigSite> sites_;
};

std::optional<ConfigSource> Loader::source(const fs::path& path, bool may_be_missing) {
  ConfigSource source{.path = path.string(), .text = {}, .look_at_paths = look_at_paths_};
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) {
    const int error_number = errno;
    if (may_be_missing && (error_number == ENOENT || error_number == ENOTDIR)) return std::nullopt;
    if (is_default_ && error_number == EACCES) {
      config_.closed.push_back(source.path);
    } else {
      config_.problems.push_back(about_file(source.path, "opening it: " + reason(error_number)));
    }
    return std::nullopt;
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    config_.problems.push_back(about_file(source.path, "looking at it: " + reason(errno)));
    return std::nullopt;
  }
  source.owner = status.st_uid;
  auto trouble = trouble_with(source.path, status);
  if (!trouble) trouble = read_bounded(file.get(), source);
  if (trouble) {
    config_.problems.push_back(*trouble);
    return std::nullopt;
  }
  config_.files.push_back(source.path);
  return source;
}

void Loader::read_main(const fs::path& path) {
  const auto found = source(path, is_default_);
  config_.sound = config_.problems.empty();
  if (!found) return;
  config_.sound = read_main_file(*found, config_.global, sites_, config_.problems);
}

void Loader::read_sites(const fs::path& folder) {
  std::error_code error;
  std::set<fs::path> paths;  // sorted: the same order everywhere
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path& path = entry->path();
    const std::string name = path.filename().string();
    if (path.extension() == ".toml" && !name.starts_with('.')) paths.insert(path);
  }
  if (is_default_ && error == std::errc::permission_denied) {
    config_.closed.push_back(folder.string());
  } else if (error && error != std::errc::no_such_file_or_directory &&
             error != std::errc::not_a_directory) {
    config_.problems.push_back(
        about_file(folder.string(), "reading this folder: " + error.message()));
  }
  for (const fs::path& path : paths) {
    const auto found = source(path, false);
    if (found) read_site_file(*found, config_.global, sites_, config_.problems);
  }
}

void Loader::check_cas(const fs::path& path) {
  // What the line says is no problem of the file's: the command that needs it tells of it.
  if (config_.line.told.contains("server") || config_.line.told.contains("fallback-server")) return;
  try {
    first_ca(config_.global);
    fallback_cas(config_.global);
  } catch (const Error& error) {
    config_.problems.push_back(about_file(path.string(), error.what(), error.hint()));
  }
}

Config Loader::load() {
  if (config_.line.no_config) return std::move(config_);
  // Named or not, the default file may be missing: services and cron entries name it, and sites.d
  // beside it may be all there is.
  is_default_ = config_.line.config.empty() || config_.line.config == kDefaultConfig;
  const fs::path path = fs::absolute(is_default_ ? kDefaultConfig : config_.line.config);
  read_main(path);
  read_sites(path.parent_path() / kSitesFolder);
  config_.sites = check_sites(std::move(sites_), config_.global, config_.problems);
  if (config_.sites.empty() && config_.problems.empty()) check_cas(path);
  const auto position = [&](const ConfigProblem& problem) {
    const ConfigPlace& place = problem.place;
    return std::tuple(place.file != path, place.file, place.line, place.column);
  };
  std::ranges::stable_sort(config_.problems, {}, position);
  return std::move(config_);
}

}  // namespace

Config read_config(const Settings& line, bool look_at_paths) {
  return Loader(line, look_at_paths).load();
}

std::optional<Error> problem_of(const Config& config) {
  if (config.problems.empty()) return std::nullopt;
  const ConfigProblem& first = config.problems.front();
  if (config.problems.size() == 1) return Error(ErrorCode::config, headline(first), first.hint);
  std::string command = "autohttps config check";
  if (!config.line.config.empty()) command += " --config " + printable(config.line.config, 300);
  return Error(ErrorCode::config,
               headline(first) + " (and " + std::to_string(config.problems.size() - 1) +
                   " more of the configuration's problems)",
               (first.hint.empty() ? "" : first.hint + "\n") + command + " shows all of them");
}

Settings settings_for(const Config& config, const std::vector<std::string>& names) {
  const Settings& line = config.line;
  Settings settings = config.global;
  if (const Settings* site = site_with_names(config.sites, names)) {
    settings = *site;
    if (line.told.contains("name")) settings.name = line.name;
    // What is served is one thing: of the line or of the site, never a mixture.
    const auto told = [&](const char* option) { return line.told.contains(option); };
    if (std::ranges::any_of(kContents, told)) take_contents(settings, line);
  }
  settings.names = names;
  return settings;
}

}  // namespace autohttps::tools
