#include <autohttps/common/identifier.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace autohttps {
namespace {

constexpr std::size_t kLongestName = 253;  // RFC 1035 2.3.4: 255 on the wire
constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kMostNames = 100;  // Let's Encrypt's; more is a mistake everywhere

[[noreturn]] void refuse(std::string_view text, const std::string& cause, std::string hint = {}) {
  throw Error(ErrorCode::config, "\"" + printable(text, 100) + "\" " + cause, std::move(hint));
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_ldh(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-';
}

// A parsed address; without allocation, for name_matches.
struct Address {
  int family = 0;  // 0: not an address
  std::array<unsigned char, 16> bytes{};
  bool operator==(const Address&) const = default;
};

Address parse_address(std::string_view text) noexcept {
  Address address;
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size()) return address;
  if (text.find('\0') != std::string_view::npos) return address;
  std::memcpy(terminated.data(), text.data(), text.size());
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, terminated.data(), address.bytes.data()) == 1) {
      address.family = family;
      return address;
    }
  }
  address.bytes = {};
  return address;
}

std::string address_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.family, address.bytes.data(), text.data(), text.size());
  return text.data();
}

std::string_view without_trailing_dot(std::string_view name) noexcept {
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  return name;
}

std::string try_hint(std::string_view name) {
  return name.empty() ? std::string() : "try \"" + printable(name, 100) + "\"";
}

// What is typed instead of a name: each gets its own words, since "invalid character" helps nobody.
void refuse_what_is_no_name(std::string_view text) {
  if (text.empty()) refuse(text, "is empty: a domain name or an IP address is wanted");
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) {
    refuse(text, "is not ASCII: certificates hold internationalised names in their xn-- form",
           "give the form that `idn2 " + printable(text, 100) +
               "` shows (package idn2), or your registrar, as in \"xn--bcher-kva.example\"");
  }
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    std::string_view host = text.substr(scheme + 3);
    refuse(text, "is a URL, not a domain name",
           try_hint(host.substr(0, host.find_first_of("/:?#"))));
  }
  if (const auto slash = text.find_first_of("/?#"); slash != std::string_view::npos) {
    refuse(text, "has a path: a certificate is for a whole name", try_hint(text.substr(0, slash)));
  }
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    refuse(text, "is an e-mail address, not a domain name", try_hint(text.substr(at + 1)));
  }
  if (text.find_first_of(",; \t") != std::string_view::npos) {
    refuse(text, "is more than one word: each name is given by itself",
           "separate names by spaces, as in a.example b.example");
  }
}

// Colons: an IPv6 address gone wrong, or a port.
void refuse_colons(std::string_view text) {
  const auto colon = text.find(':');
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    refuse(text, "has brackets: an IPv6 address is given without them",
           bracket == std::string_view::npos ? "" : try_hint(text.substr(1, bracket - 1)));
  }
  if (text.find('%') != std::string_view::npos && colon != std::string_view::npos) {
    refuse(text, "has a zone: an address with a zone means nothing outside this machine",
           "give a global address");
  }
  if (colon == std::string_view::npos) return;
  if (text.find(':', colon + 1) != std::string_view::npos)
    refuse(text, "is not a well-formed IPv6 address");
  refuse(text, "has a port: certificates are for names, whatever the port",
         try_hint(text.substr(0, colon)));
}

void check_label(std::string_view text, std::string_view label) {
  if (label.empty()) refuse(text, "has an empty label: two dots in a row, or one in front");
  if (label.size() > kLongestLabel) {
    refuse(text, "has a label of " + std::to_string(label.size()) + " characters: 63 is the most");
  }
  if (label.find('*') != std::string_view::npos) {
    refuse(text, "has a star that is not the whole first label",
           "a wildcard is written \"*.example.com\"");
  }
  if (label.find('_') != std::string_view::npos) {
    refuse(text, "has an underscore: no CA issues certificates for host names with one",
           "use \"-\" instead");
  }
  const auto foreign = std::find_if_not(label.begin(), label.end(), is_ldh);
  if (foreign != label.end()) {
    refuse(text, "has the character \"" + printable(std::string_view(&*foreign, 1)) +
                     "\": names consist of letters, digits, \"-\" and \".\"");
  }
  if (label.starts_with('-') || label.ends_with('-')) {
    refuse(text, "has a label that begins or ends with \"-\"");
  }
}

void check_name(std::string_view text, std::string_view name) {
  if (name.size() > kLongestName) {
    refuse(text, "has " + std::to_string(name.size()) + " characters: 253 is the most");
  }
  if (name.starts_with("*.")) name.remove_prefix(2);
  const std::vector<std::string_view> labels = split(name, '.');
  for (const std::string_view label : labels) check_label(text, label);
  if (std::all_of(labels.back().begin(), labels.back().end(), is_digit)) {
    refuse(text,
           "is not a well-formed IPv4 address: four numbers from 0 to 255, without leading zeros");
  }
  if (labels.size() == 1) {
    refuse(
        text,
        "has no dot: no CA issues certificates for a top-level name or a name of your own network",
        "give the full name, as in \"" + printable(to_lower(name)) + ".example.com\"");
  }
}

}  // namespace

Identifier Identifier::parse(std::string_view text) {
  const Address address = parse_address(text);
  if (address.family != 0) return {Type::ip, address_text(address)};
  refuse_what_is_no_name(text);
  refuse_colons(text);
  const std::string_view name = without_trailing_dot(text);
  check_name(text, name);
  return {Type::dns, to_lower(name)};
}

std::vector<Identifier> parse_identifiers(const std::vector<std::string>& texts) {
  std::vector<Identifier> identifiers;
  for (const std::string& text : texts) {
    Identifier identifier = Identifier::parse(text);
    if (std::find(identifiers.begin(), identifiers.end(), identifier) != identifiers.end())
      continue;
    if (identifiers.size() == kMostNames) {
      throw Error(ErrorCode::config, "more than 100 names for one certificate",
                  "spread them over several certificates");
    }
    identifiers.push_back(std::move(identifier));
  }
  if (identifiers.empty())
    throw Error(ErrorCode::config, "no domain name is given",
                "name at least one, as in example.com");
  return identifiers;
}

bool name_matches(const Identifier& name, std::string_view host) noexcept {
  const Address address = parse_address(host);
  if (name.type == Identifier::Type::ip)
    return address.family != 0 && address == parse_address(name.value);
  if (address.family != 0) return false;
  host = without_trailing_dot(host);
  if (!name.is_wildcard()) return equals_ignoring_case(name.value, host);
  const auto dot = host.find('.');
  if (dot == 0 || dot == std::string_view::npos) return false;
  return equals_ignoring_case(std::string_view(name.value).substr(1), host.substr(dot));
}

std::string describe(const std::vector<Identifier>& names, std::size_t most) {
  std::string text;
  const std::size_t shown = std::min(names.size(), most);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += ", ";
    text += printable(names[i].value, kLongestName);
  }
  if (shown == names.size()) return text;
  return text + (shown > 0 ? " and " : "") + std::to_string(names.size() - shown) +
         (shown > 0 ? " more" : " names");
}

}  // namespace autohttps
