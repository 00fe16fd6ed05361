// Where a handshake's certificate comes from.
#pragma once

#include <autohttps/common/credentials.h>
#include <autohttps/server/tls/client_hello.h>

#include <functional>
#include <memory>

namespace autohttps {

// Thread-safe; asked in every full handshake, on an I/O thread.
struct CertificateSource {
  virtual ~CertificateSource() = default;
  virtual std::shared_ptr<const Credentials> find(
      const ClientHello&) const noexcept = 0;  // no I/O, no waiting; null: not here now
  // After null, once per handshake. True: `ready` runs exactly once, on any thread; till then the
  // handshake is suspended and holds no thread. False: there is no way to it.
  virtual bool fetch(const ClientHello&, std::function<void()> ready) noexcept {
    (void)ready;
    return false;
  }
  // RFC 8737: a hello that offers acme-tls/1 and nothing else is answered with a challenge's
  // certificate for its name or not at all; find(), fetch() and fallback() are not asked. True:
  // `ready` runs exactly once, on any thread, with it or with null. False: there is none.
  virtual bool fetch_challenge(
      const ClientHello&, std::function<void(std::shared_ptr<const CertifiedKey>)> ready) noexcept {
    (void)ready;
    return false;
  }
  // What answers a hello that nothing else was found for; null: unrecognized_name.
  virtual std::shared_ptr<const Credentials> fallback() const noexcept { return nullptr; }
};

}  // namespace autohttps
