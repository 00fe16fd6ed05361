// Fields that end at this hop. Pure.
#pragma once

#include <autohttps/server/engine/head_view.h>
#include <autohttps/server/engine/header_fields.h>

#include <array>
#include <span>
#include <string_view>

namespace autohttps {

// A field's name in lower case and with "-" for "_", without memory of its own. Longer names than
// any that we know are cut: none of ours then.
class CanonicalName {
 public:
  explicit CanonicalName(std::string_view name) noexcept;
  std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 24> text_;
  std::size_t size_;
};

// RFC 9110 7.6.1, and the length of the body, which is told by who sends it.
bool is_of_one_hop(std::string_view canonical) noexcept;

// Those that Connection names, of one message.
class ConnectionOptions {
 public:
  explicit ConnectionOptions(std::span<const FieldView>) noexcept;
  bool names(std::string_view field) const noexcept;

 private:
  std::span<const FieldView> fields_;
  bool has_others_ = false;  // than keep-alive and the like
};

// What is left of a checked message's fields.
HeaderFields fields_beyond_this_hop(std::span<const FieldView>);

}  // namespace autohttps
