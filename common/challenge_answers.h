// What our port 80 (RFC 8555 8.3) and port 443 (RFC 8737) answer to a CA.
#pragma once

#include <autohttps/common/certified_key.h>
#include <autohttps/common/identifier.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace autohttps {

// Thread-safe; may read a store across a network: never on an I/O thread. Does not throw: no answer
// is an empty one.
struct ChallengeAnswers {
  virtual ~ChallengeAnswers() = default;
  virtual std::optional<std::string> key_authorization(std::string_view token) const = 0;
  // The name as the CA's hello has it, lower-case: see tls_alpn_name().
  virtual std::shared_ptr<const CertifiedKey> tls_alpn(std::string_view name) const = 0;
};

inline constexpr std::string_view kAcmeTls = "acme-tls/1";  // ALPN, RFC 8737 6.2

// The SNI that a CA validates the identifier with (RFC 8737 3): the name itself; of an address its
// reverse name, since SNI carries none (RFC 8738 6): "1.2.0.192.in-addr.arpa", and 32 nibbles
// before "ip6.arpa". Empty for a wildcard: no host has that name.
std::string tls_alpn_name(const Identifier&);

// RFC 8555 8.3 asks for at least 128 bits of base64url; anything else never reaches a path, a
// header or a log (RELIABILITY F21). 16 characters accept the short tokens of some test CAs.
bool is_token(std::string_view) noexcept;  // [A-Za-z0-9_-]{16,128}

}  // namespace autohttps
