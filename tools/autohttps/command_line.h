// From argv and the environment to a verb and its Settings.
#pragma once

#include <autohttps/tools/autohttps/options.h>
#include <autohttps/tools/autohttps/settings.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace autohttps::tools {

struct Command {
  std::optional<Verb> verb;  // empty: the overview was asked for
  Settings settings;         // help set: print it, check nothing
};

// The value of an environment variable; null when unset.
using Environment = std::function<const char*(const char*)>;

// `arguments` without the program's name. A flag wins over its environment variable. Throws
// Error(config) whose hint has the nearest spelling or the way to write it.
Command parse_command_line(const std::vector<std::string>& arguments, const Environment&);

}  // namespace autohttps::tools
