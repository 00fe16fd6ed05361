// nlohmann/json with bounds (not installed). Text only, never the binary formats; capped bytes and
// depth.
#pragma once

#include <nlohmann/json.hpp>

#include <autohttps/common/clock.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

using Json = nlohmann::json;

// Throws Error(protocol) "<what>: not JSON ..." beyond `most_bytes`, deeper than 32, or on a
// repeated key in an object.
Json parse_json(std::string_view text, std::string_view what, std::size_t most_bytes = 1 << 20);

// Typed members of an object. The `optional_` ones: empty when absent or null. All throw
// Error(protocol) naming the member when the type is another (RFC 8555 resources and our own files
// alike).
std::string string_member(const Json& object, const char* name, std::string_view what);
std::optional<std::string> optional_string(const Json& object, const char* name,
                                           std::string_view what);
std::vector<std::string> string_list(const Json& object, const char* name,
                                     std::string_view what);  // absent: empty
std::optional<WallTime> optional_time(const Json& object, const char* name,
                                      std::string_view what);  // RFC 3339
std::int64_t integer_or(const Json& object, const char* name, std::int64_t fallback,
                        std::string_view what);
bool bool_or(const Json& object, const char* name, bool fallback, std::string_view what);

// Indented, ASCII-safe, final newline: for files that people read.
std::string to_text(const Json&);

}  // namespace autohttps
