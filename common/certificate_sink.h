// Where certificates go once they are proven: a server's cache, or whatever else serves them.
#pragma once

#include <autohttps/common/credentials.h>

#include <memory>
#include <string_view>

namespace autohttps {

// Thread-safe, no I/O, does not throw but for memory. The next handshake sees it.
struct CertificateSink {
  virtual ~CertificateSink() = default;
  // Replaces what is there for the same certificate id, names that it no longer has included. An
  // older generation than the one in place is taken too: a rollback is legitimate; who calls
  // decides.
  virtual void install(std::shared_ptr<const Credentials>) = 0;
  virtual void withdraw(std::string_view certificate) = 0;
};

}  // namespace autohttps
