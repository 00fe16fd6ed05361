// What shells complete after `autohttps`, made from the option table.
#pragma once

#include <autohttps/tools/autohttps/options.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::tools {

enum class Shell { bash, zsh, fish };

std::optional<Shell> find_shell(std::string_view name) noexcept;
std::string completion_script(Shell);

// Words that an option's value or a command's operand can be; empty: none is known.
std::span<const std::string_view> choices(const Option&) noexcept;
std::span<const std::string_view> operand_choices(const VerbInfo&) noexcept;
// The operand names certificates of the store, as "[NAME...]" does.
bool names_certificates(const VerbInfo&) noexcept;

// One of completion_script's each.
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace autohttps::tools
