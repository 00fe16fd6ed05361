#include <autohttps/server/engine/header_fields.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/engine/octets.h>

#include <algorithm>

namespace autohttps {

std::size_t count_fields(const HeaderFields& fields, std::string_view name) noexcept {
  return static_cast<std::size_t>(std::count_if(
      fields.begin(), fields.end(),
      [&](const HeaderField& field) { return equals_ignoring_case(field.first, name); }));
}

std::string_view first_field(const HeaderFields& fields, std::string_view name) noexcept {
  for (const auto& [field, value] : fields) {
    if (equals_ignoring_case(field, name)) return value;
  }
  return {};
}

bool is_field_name(std::string_view text) noexcept {
  return !text.empty() && span_of(kTokenOctet, text) == text.size();
}

bool is_field_value(std::string_view text) noexcept { return span_of_value(text) == text.size(); }

std::vector<std::string> list_members(const HeaderFields& fields, std::string_view name) {
  std::vector<std::string> members;
  for (const auto& [field, value] : fields) {
    if (!equals_ignoring_case(field, name)) continue;
    for (std::string_view member : split(value, ',')) {
      member = trim(member.substr(0, member.find(';')));
      if (!member.empty()) members.push_back(to_lower(member));
    }
  }
  return members;
}

}  // namespace autohttps
