#include <autohttps/acme/store/keys.h>

#include <autohttps/common/error.h>
#include <autohttps/common/sha256.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <charconv>

namespace autohttps::acme {
namespace {

constexpr std::size_t kLongestKey = 1000;
constexpr std::size_t kReadableBytes = 120;
constexpr std::size_t kHashDigits = 16;
constexpr std::string_view kGenerations = "generations/";
constexpr std::size_t kMostDigits = 18;  // fits in 64 bits

bool is_key_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._@,+=~-").find(c) != std::string_view::npos;
}

}  // namespace

bool is_key_part(std::string_view part) noexcept {
  return !part.empty() && part.size() <= kLongestKeyPart && part.front() != '.' &&
         std::all_of(part.begin(), part.end(), is_key_character);
}

bool is_key(std::string_view key) noexcept {
  if (key.size() > kLongestKey) return false;
  for (;;) {
    const std::size_t slash = key.find('/');
    if (!is_key_part(key.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

void check_key(std::string_view key) {
  if (!is_key(key)) {
    throw Error(ErrorCode::internal, in_quotes(key) + " cannot be a key of the store");
  }
}

std::string in_quotes(std::string_view foreign) { return "\"" + printable(foreign) + "\""; }

std::string short_hash(std::string_view text) { return sha256_hex(text).substr(0, kHashDigits); }

std::string key_part(std::string_view text) {
  if (is_key_part(text) && text.find('~') == std::string_view::npos) return std::string(text);
  std::string part(text.substr(0, kReadableBytes));
  for (char& c : part) {
    if (!is_key_character(c) || c == '~') c = '-';
  }
  if (part.starts_with('.')) part.front() = '-';
  return part + "~" + short_hash(text);
}

std::string generation_target(std::uint64_t number) {
  return std::string(kGenerations) + std::to_string(number);
}

std::optional<std::uint64_t> parse_generation_target(std::string_view target) noexcept {
  if (!target.starts_with(kGenerations)) return std::nullopt;
  return parse_generation(target.substr(kGenerations.size()));
}

std::optional<std::uint64_t> parse_generation(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > kMostDigits || digits.front() == '0') return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace autohttps::acme
