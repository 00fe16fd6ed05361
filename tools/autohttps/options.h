// The one table of verbs and of flags: the parser, the environment, --help and (later) man pages
// and completions are made from it, so that they cannot disagree.
#pragma once

#include <autohttps/tools/autohttps/settings.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::tools {

enum class Verb {
  setup,
  obtain,
  renew,
  serve,
  status,
  list,
  retry,
  promote,
  history,
  rollback,
  hook,
  dns_persist,
  account,
  revoke,
  remove,
  config,
  uninstall,
  completion,
  version
};

struct VerbInfo {
  Verb verb;
  std::string_view name;     // as typed
  std::string_view operand;  // "DOMAIN...", "[NAME...]"; empty: takes none
  std::string_view summary;  // one line
};

std::span<const VerbInfo> verbs() noexcept;
const VerbInfo& info(Verb) noexcept;
std::optional<Verb> find_verb(std::string_view name) noexcept;

enum class ValueKind { flag, text, number, duration, size, list };

// Where a configuration file may say it: nowhere, in the main file for the whole program, or there
// for every site and in a site for itself, in a site alone, or in one of its paths alone.
enum class Scope { line, program, every_site, one_site, one_path };

struct Option {
  std::string_view name;  // the long flag without its dashes
  char letter;            // 0: none
  ValueKind kind;
  Scope scope;
  std::string_view value_name;  // "DIR"; empty for a flag
  unsigned verbs;               // bits, see takes()
  // Throws Error(config) that says what would be right; the caller adds where the value came from.
  void (*set)(Settings&, const std::string& value);
  std::string_view help;
  std::vector<std::string> Settings::*values = nullptr;  // of a list: what set() adds to
};

std::span<const Option> options() noexcept;
bool takes(Verb, const Option&) noexcept;
const Option* find_option(std::string_view name) noexcept;

std::string config_key(const Option&);        // http_port; of --domain: names
bool is_of_path(const Option&) noexcept;      // a [[site.path]] table may say it
bool is_path(const Option&) noexcept;         // its value names a file or a folder
std::string environment_name(const Option&);  // AUTOHTTPS_HTTP_PORT

}  // namespace autohttps::tools
