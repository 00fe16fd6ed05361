// The signing half of the scripted CA: a root, an intermediate, and leaves for other people's keys.
#pragma once

#include <autohttps/common/certificate_builder.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/identifier.h>
#include <autohttps/common/private_key.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

typedef struct evp_pkey_st EVP_PKEY;

namespace autohttps {

// Immutable: any thread.
class CertificateIssuer {
 public:
  explicit CertificateIssuer(WallTime now, const std::string& name = "Scripted");

  // A leaf for a key of which only the public half is known. PEM.
  std::string leaf(EVP_PKEY* public_key, const CertificatePlan&) const;
  const std::string& intermediate() const noexcept { return intermediate_; }
  const std::string& root() const noexcept { return root_; }
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  PrivateKey root_key_;
  PrivateKey intermediate_key_;
  std::string root_;
  std::string intermediate_;
};

// What finalize brought.
struct CertificateRequest {
  std::vector<Identifier> names;  // of the CSR's subjectAltName
  EVP_PKEY* key = nullptr;        // its public key; borrowed
  const CertificateIssuer* issuer = nullptr;
  CertificatePlan plan;  // what a right leaf is made of: change it and call chain()

  std::string chain() const { return issuer->leaf(key, plan) + issuer->intermediate(); }
};

// A CSR that was read and whose signature fits.
struct ParsedCsr {
  std::vector<Identifier> names;  // sorted, each once
  std::shared_ptr<EVP_PKEY> key;
};

// Throws std::runtime_error that says what is wrong with it.
ParsedCsr parse_csr(std::string_view der);

}  // namespace autohttps
