// What a file is, by the end of its name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace autohttps {

// Immutable. What the web is made of is known; what else there is, a table in the format of
// /etc/mime.types tells: a type and the ends of names that have it, a line each.
class MediaTypes {
 public:
  explicit MediaTypes(std::string_view table = {});
  // With the system's table, where it has one. Never throws but for memory.
  static std::shared_ptr<const MediaTypes> of_system(const char* table = "/etc/mime.types");

  // "text/html; charset=utf-8"; application/octet-stream for what is not known, which browsers
  // save.
  std::string_view type_of(std::string_view file_name) const noexcept;

 private:
  std::unordered_map<std::string, std::string> others_;  // by ending, in lower case
};

// Is a precompressed sibling, or compressing it, worth the while? Of a type as above.
bool is_compressible(std::string_view media_type) noexcept;

}  // namespace autohttps
