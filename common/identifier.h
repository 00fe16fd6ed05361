// A name a certificate is for (RFC 8555 9.7.7, RFC 8738): a DNS name or an IP address, in its one
// canonical spelling.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

struct Identifier {
  enum class Type { dns, ip } type = Type::dns;
  std::string
      value;  // canonical: lower-case A-labels ("*." first for a wildcard), canonical IP text

  // Throws Error(config) that says what is wrong and what would be right: schemes, ports, paths,
  // underscores, empty or long labels, a bare top-level name, non-ASCII (with the hint to give the
  // xn-- form), malformed addresses.
  static Identifier parse(std::string_view text);

  bool is_wildcard() const noexcept { return type == Type::dns && value.starts_with("*."); }
  auto operator<=>(const Identifier&) const = default;  // NOLINT(modernize-use-nullptr): LLVM 14
};

// Parses each, drops repetitions, keeps the order of first mention. Throws as parse does, and for
// an empty list or more than 100.
std::vector<Identifier> parse_identifiers(const std::vector<std::string>& texts);

// Does a certificate for `name` ("*.example.com" or "example.com") serve `host`? RFC 6125 6.4.3:
// one label, the leftmost.
bool name_matches(const Identifier& name, std::string_view host) noexcept;

// "a.test, b.test and 3 more": for messages.
std::string describe(const std::vector<Identifier>&, std::size_t most = 4);

}  // namespace autohttps
