#include <autohttps/common/challenge_answers.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace autohttps {

std::string tls_alpn_name(const Identifier& identifier) {
  if (identifier.is_wildcard()) return {};
  if (identifier.type == Identifier::Type::dns) return identifier.value;
  std::array<unsigned char, 16> bytes{};
  const char* text = identifier.value.c_str();
  std::string name;
  if (::inet_pton(AF_INET, text, bytes.data()) == 1) {
    for (int i = 3; i >= 0; --i) name += std::to_string(bytes[static_cast<std::size_t>(i)]) + ".";
    return name + "in-addr.arpa";
  }
  if (::inet_pton(AF_INET6, text, bytes.data()) != 1) return {};
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    (((name += kDigits[*byte & 15]) += '.') += kDigits[*byte >> 4]) += '.';
  }
  return name + "ip6.arpa";
}

bool is_token(std::string_view text) noexcept {
  if (text.size() < 16 || text.size() > 128) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace autohttps
