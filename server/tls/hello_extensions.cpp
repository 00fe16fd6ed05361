#include <autohttps/common/strings.h>
#include <autohttps/server/tls/hello_extensions.h>

#include <algorithm>
#include <cstdint>

namespace autohttps {
namespace {

constexpr char kHostName = 0;                    // RFC 6066 3, NameType
constexpr std::size_t kLongestServerName = 255;  // RFC 1035 2.3.4, and what OpenSSL accepts

std::uint8_t byte_at(std::string_view bytes, std::size_t index) {
  return static_cast<std::uint8_t>(bytes[index]);
}

// A vector with a length of `width` bytes in front (RFC 8446 3.4); removed from `rest`.
std::optional<std::string_view> take_vector(std::string_view& rest, std::size_t width) {
  if (rest.size() < width) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < width; ++i) length = length << 8 | byte_at(rest, i);
  if (rest.size() - width < length) return std::nullopt;
  const std::string_view vector = rest.substr(width, length);
  rest.remove_prefix(width + length);
  return vector;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

}  // namespace

std::optional<std::string> parse_server_name(std::string_view extension) {
  std::optional<std::string_view> list = take_vector(extension, 2);
  if (!list || !extension.empty() || list->empty() || list->front() != kHostName) {
    return std::nullopt;
  }
  list->remove_prefix(1);
  const std::optional<std::string_view> host = take_vector(*list, 2);
  // "The ServerNameList MUST NOT contain more than one name of the same name_type", and there is
  // but one type.
  if (!host || !list->empty() || host->empty() || host->size() > kLongestServerName) {
    return std::nullopt;
  }
  std::string name = to_lower(*host);
  if (name.ends_with('.')) name.pop_back();
  if (!std::all_of(name.begin(), name.end(), is_name_character)) name.clear();
  return name;
}

std::optional<std::vector<std::string_view>> parse_alpn(std::string_view extension) {
  std::optional<std::string_view> list = take_vector(extension, 2);
  if (!list || !extension.empty() || list->empty()) return std::nullopt;
  std::vector<std::string_view> protocols;
  while (!list->empty()) {
    const std::optional<std::string_view> protocol = take_vector(*list, 1);
    if (!protocol || protocol->empty()) return std::nullopt;
    if (protocols.size() < kMostProtocols) protocols.push_back(*protocol);
  }
  return protocols;
}

}  // namespace autohttps
