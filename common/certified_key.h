// One private key and its full chain, parsed, proven to match.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/private_key.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

typedef struct x509_st X509;

namespace autohttps {

// Immutable: any thread, no locks.
class CertifiedKey {
 public:
  // The chain: leaf first, at most 10 certificates and 256 KiB, nothing but certificates in it.
  // Throws Error(crypto) when a part does not parse, the key does not match the leaf, or a
  // certificate is not issued by the next one in the chain. It does not ask whether the time, the
  // names or the CA are right: that is bundle_check's and the Publisher's question.
  static std::shared_ptr<const CertifiedKey> from_pem(std::string_view chain, std::string_view key);
  ~CertifiedKey();
  CertifiedKey(const CertifiedKey&) = delete;
  CertifiedKey& operator=(const CertifiedKey&) = delete;

  const std::vector<Identifier>& names()
      const noexcept;  // the leaf's subjectAltName: dNSName and iPAddress
  WallTime not_before() const noexcept;
  WallTime not_after() const noexcept;
  bool is_ca() const noexcept;  // the leaf says CA:TRUE, which no server's certificate may
  const std::string& serial() const noexcept;  // lower-case hex, no leading zeros beyond a byte
  const std::string& fingerprint() const noexcept;  // SHA-256 of the leaf's DER, lower-case hex
  const std::string& issuer()
      const noexcept;  // the issuer's common name, else its whole name; printable
  const PrivateKey& key() const noexcept;
  std::size_t chain_length() const noexcept;          // leaf included
  bool serves(std::string_view host) const noexcept;  // host: DNS name or IP text

  X509* certificate(
      std::size_t index) const noexcept;  // 0 = leaf. Borrowed; for our own sources only

 private:
  struct Parts;
  explicit CertifiedKey(std::unique_ptr<const Parts>);
  std::unique_ptr<const Parts> parts_;
};

}  // namespace autohttps
