// Header fields that own their text: of answers, and of what is passed on. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autohttps {

using HeaderField = std::pair<std::string, std::string>;
using HeaderFields = std::vector<HeaderField>;

// Of all fields with this name (RFC 9110 5.1: whatever the case).
std::size_t count_fields(const HeaderFields&, std::string_view name) noexcept;
std::string_view first_field(const HeaderFields&, std::string_view name) noexcept;  // or empty

// RFC 9110 5.6.2 and 5.5: a name is a token; a value has no control byte but tabs.
bool is_field_name(std::string_view) noexcept;
bool is_field_value(std::string_view) noexcept;
// The members of a list, over all fields with this name, in lower case, without parameters.
std::vector<std::string> list_members(const HeaderFields&, std::string_view name);

}  // namespace autohttps
