#include <autohttps/server/sites/hop_fields.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/sites/response_head.h>

#include <algorithm>

namespace autohttps {
namespace {

constexpr std::string_view kConnection = "connection";

// By length, so that most names are compared with one or two.
constexpr std::string_view kOneHop[] = {
    "te",
    "trailer",
    "upgrade",
    kConnection,
    "keep-alive",
    "content-length",
    "http2-settings",
    "proxy-connection",
    "transfer-encoding",
    "proxy-authenticate",
    "proxy-authorization",
};

bool is_usual(std::string_view option) noexcept {
  return equals_ignoring_case(option, "keep-alive") || equals_ignoring_case(option, "close") ||
         equals_ignoring_case(option, "upgrade");
}

template <typename Visit>
void for_each_option(std::span<const FieldView> fields, const Visit& visit) noexcept {
  for (const FieldView& field : fields) {
    if (field.name.size() != kConnection.size()) continue;
    if (!equals_ignoring_case(field.name, kConnection)) continue;
    std::string_view list = field.value;
    while (true) {
      const std::string_view option = next_member(list);
      if (option.empty()) break;
      visit(option);
    }
  }
}

}  // namespace

CanonicalName::CanonicalName(std::string_view name) noexcept
    : size_(std::min(name.size(), text_.size())) {
  for (std::size_t i = 0; i < size_; ++i) {
    const char c = name[i];
    text_[i] = c == '_' ? '-' : (c >= 'A' && c <= 'Z') ? static_cast<char>(c | 0x20) : c;
  }
}

bool is_of_one_hop(std::string_view canonical) noexcept {
  return std::ranges::any_of(kOneHop, [&](std::string_view name) {
    return name.size() == canonical.size() && name == canonical;
  });
}

ConnectionOptions::ConnectionOptions(std::span<const FieldView> fields) noexcept : fields_(fields) {
  for_each_option(fields, [&](std::string_view option) { has_others_ |= !is_usual(option); });
}

bool ConnectionOptions::names(std::string_view field) const noexcept {
  if (!has_others_) return false;
  bool named = false;
  for_each_option(fields_,
                  [&](std::string_view option) { named |= equals_ignoring_case(option, field); });
  return named;
}

HeaderFields fields_beyond_this_hop(std::span<const FieldView> fields) {
  const ConnectionOptions options(fields);
  HeaderFields passed;
  passed.reserve(fields.size());
  for (const FieldView& field : fields) {
    if (is_of_one_hop(CanonicalName(field.name).view()) || options.names(field.name)) continue;
    passed.emplace_back(field.name, field.value);
  }
  return passed;
}

}  // namespace autohttps
