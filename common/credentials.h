// The unit of every swap.
#pragma once

#include <autohttps/common/certified_key.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace autohttps {

// One generation of one certificate, a key per key type; OpenSSL picks ECDSA or RSA by the hello.
// Immutable once shared.
struct Credentials {
  std::string certificate;  // the certificate's id in the store
  std::uint64_t generation = 0;
  std::vector<std::shared_ptr<const CertifiedKey>> keys;  // never empty; all for the same names
  bool placeholder = false;  // self-signed, made by us, served only until the first real one
  bool loads_again = false;  // a handshake's name leads to it: it need not stay in memory
};

}  // namespace autohttps
