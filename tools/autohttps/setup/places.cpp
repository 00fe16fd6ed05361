#include <autohttps/tools/autohttps/setup/places.h>

#include <filesystem>

namespace autohttps::tools {

std::string config_folder(const std::string& config) {
  return std::filesystem::path(config).parent_path().string();
}

std::string sites_folder(const std::string& config) { return config_folder(config) + "/sites.d"; }

std::string site_path(const std::string& config, const std::string& id) {
  return sites_folder(config) + "/" + id + ".toml";
}

}  // namespace autohttps::tools
