// What a key of the Store may be, and how foreign text becomes part of one (not installed).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace autohttps::acme {

inline constexpr std::size_t kLongestKeyPart = 200;
inline constexpr std::size_t kMostValueBytes = 8 << 20;

bool is_key_part(std::string_view) noexcept;  // [A-Za-z0-9._@,+=~-]{1,200}, no leading dot
bool is_key(std::string_view) noexcept;       // parts with "/" between them, at most 1000 bytes
void check_key(std::string_view key);         // throws Error(internal)

std::string in_quotes(std::string_view foreign);  // for messages: printable

// 16 hex digits of SHA-256: tells apart what a readable name cannot.
std::string short_hash(std::string_view);
// The text itself where it can be a part and has no "~"; else its beginning, made acceptable, with
// "~" and a hash behind it.
std::string key_part(std::string_view text);

// "generations/7" <-> 7. Nothing else is a pointer's target (RELIABILITY I6).
std::string generation_target(std::uint64_t number);
std::optional<std::uint64_t> parse_generation_target(std::string_view target) noexcept;
// "7" -> 7; empty for anything but 1 .. 18 digits without a leading zero.
std::optional<std::uint64_t> parse_generation(std::string_view digits) noexcept;

}  // namespace autohttps::acme
