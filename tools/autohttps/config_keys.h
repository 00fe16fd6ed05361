// The keys of one configuration file: into Settings by the option table, with a place for what is
// wrong (not installed).
#pragma once

#include <autohttps/tools/autohttps/config_file.h>
#include <autohttps/tools/autohttps/options.h>
#include <autohttps/tools/autohttps/settings.h>

#include <toml++/toml.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::tools {

inline constexpr const char* kSiteKey = "site";
inline constexpr const char* kCaKey = "ca";
inline constexpr const char* kPathKey = "path";
inline constexpr const char* kPrefixKey = "prefix";

enum class Where { main_file, site_table, site_file, ca_table, path_table };

const Option* option_of_key(std::string_view key);
bool belongs(const Option&, Where);
const char* name_of(toml::node_type);

// Borrows both.
class ConfigKeys {
 public:
  ConfigKeys(const ConfigSource& source, std::vector<ConfigProblem>& problems)
      : source_(source),
        folder_(std::filesystem::path(source.path).parent_path()),
        problems_(problems) {}

  std::optional<toml::table> parse();  // empty: it is not TOML, which is told

  ConfigPlace place(const toml::source_region&) const;
  std::string line_of(const ConfigPlace&) const;
  void complain(const toml::source_region&, std::string text, std::string hint = {});
  const ConfigSource& source() const noexcept { return source_; }

  // One key into `settings`, or a complaint.
  void take(const toml::key&, const toml::node&, Where, Settings&);
  // Without what the line and the environment say against it.
  void set(Settings&, const Option&, const toml::node&);
  void unknown(const toml::key&, Where);
  void misplaced(const toml::key&, const Option&, Where);

 private:
  void apply(Settings&, const Option&, const toml::node&);
  void look_at(const Option&, const toml::node&, const std::string& path);
  void look_for(const Option&, const toml::node&, const std::string& command);

  const ConfigSource& source_;
  const std::filesystem::path folder_;
  std::vector<ConfigProblem>& problems_;
};

}  // namespace autohttps::tools
