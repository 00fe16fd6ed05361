// Hot-swapped certificates for any OpenSSL server: the seam in one call.
#pragma once

#include <autohttps/server/tls/certificate_source.h>

#include <memory>

typedef struct ssl_ctx_st SSL_CTX;

namespace autohttps {

// Every later handshake on `context` takes its certificate from `source`; the context itself is not
// touched again, so sessions and tickets survive swaps. Sets the client-hello and the certificate
// callback (the caller must not set them afterwards) and keeps `source` alive as long as the
// context. A name that `source` does not have now is refused with unrecognized_name (RFC 6066 3),
// unless the source can fetch it: then SSL_accept returns -1 with SSL_ERROR_WANT_CLIENT_HELLO_CB
// and is to be called again, as for WANT_READ. Throws Error(crypto).
void attach(SSL_CTX* context, std::shared_ptr<const CertificateSource> source);
void attach(SSL_CTX* context, std::shared_ptr<CertificateSource> source);

}  // namespace autohttps
