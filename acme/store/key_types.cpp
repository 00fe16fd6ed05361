#include <autohttps/acme/store/key_types.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <cstddef>

namespace autohttps::acme {
namespace {

bool is_rsa(KeyType type) noexcept { return type != KeyType::ec256 && type != KeyType::ec384; }

}  // namespace

std::vector<KeyType> parse_key_types(std::string_view text) {
  std::vector<KeyType> types;
  for (const std::string_view name : split(text, ',')) types.push_back(parse_key_type(trim(name)));
  check_key_types(types);
  return types;
}

std::string key_types_text(const std::vector<KeyType>& types) {
  std::string text;
  for (const KeyType type : types) {
    text += (text.empty() ? "" : ",") + std::string(key_type_name(type));
  }
  return text;
}

void check_key_types(const std::vector<KeyType>& types) {
  if (types.empty()) {
    throw Error(ErrorCode::config, "a certificate needs a key type", "ec256 is the usual one");
  }
  const auto of_rsa = static_cast<std::size_t>(std::count_if(types.begin(), types.end(), is_rsa));
  if (of_rsa <= 1 && types.size() - of_rsa <= 1) return;
  throw Error(ErrorCode::config,
              "\"" + key_types_text(types) +
                  "\": a server can offer one elliptic-curve and one RSA certificate for a name",
              "name one of each at most, as in ec256,rsa2048");
}

std::optional<KeyType> further_type(const std::vector<KeyType>& types, KeyType type) {
  if (types.empty() || types.front() == type) return std::nullopt;
  return type;
}

}  // namespace autohttps::acme
