// The word that was probably meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::tools {

// The candidate with the fewest typing slips (a letter too many, too few, wrong, or two swapped),
// if that is few for the word's length.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace autohttps::tools
