// Certificates of our own making: the placeholder, answers to TLS-ALPN-01, tests, a CA for trying
// things out. Not for anything a CA is for.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/private_key.h>

#include <optional>
#include <string>
#include <vector>

namespace autohttps {

struct CertificatePlan {
  std::vector<Identifier> names;  // subjectAltName
  std::string common_name;        // subject; empty: none
  WallTime not_before;
  WallTime not_after;
  bool is_ca = false;
  // RFC 8737 3: the critical acmeIdentifier extension with this digest, 32 bytes; empty: none.
  std::string acme_identifier{};
};

// A certificate for `key`, signed by `issuer_key` under the issuer's certificate; without issuer:
// self-signed. Random 127-bit serial, SHA-256, SKI and AKI, EKU serverAuth for a leaf. PEM. Throws
// Error(crypto).
std::string build_certificate(const CertificatePlan&, const PrivateKey& key);
std::string build_certificate(const CertificatePlan&, const PrivateKey& key,
                              std::string_view issuer_pem, const PrivateKey& issuer_key);

}  // namespace autohttps
