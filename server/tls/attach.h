// Hot-swapped certificates for any OpenSSL server: the seam in one call.
#pragma once

#include <autohttps/server/tls/certificate_source.h>

#include <chrono>
#include <functional>
#include <memory>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace autohttps {

// Every later handshake on `context` takes its certificate from `source`; the context itself is not
// touched again, so sessions and tickets survive swaps. They hold for the certificate's id: a
// client never resumes a session of one certificate under another, nor one of a placeholder under
// the real one. Sets the client-hello and the certificate callback and each SSL's session id
// context (the caller must not set them afterwards), and keeps `source` alive as long as the
// context.
//
// A name that `source` does not have now is refused with unrecognized_name (RFC 6066 3), unless the
// source has a fallback or can fetch it: then SSL_accept returns -1 with
// SSL_ERROR_WANT_CLIENT_HELLO_CB and is to be called again, as for WANT_READ. Throws Error(crypto).
//
// A hello for acme-tls/1 (RFC 8737), whatever the context's own ALPN callback, is answered with the
// challenge's certificate if the source has one, else refused with no_application_protocol; the
// context's client certificates are asked for all the same. After such a handshake there is nothing
// to be read: SSL_read ends as if the client had closed, and closing is all there is to do.
void attach(SSL_CTX* context, std::shared_ptr<CertificateSource> source);

// For servers with a thread per connection: after SSL_ERROR_WANT_CLIENT_HELLO_CB, waits until
// SSL_accept is worth calling again. False: not within `most`.
bool wait_for_certificate(SSL* handshake, std::chrono::milliseconds most);

// For event loops: `ready` runs exactly once, on any thread, maybe at once in this call, when
// SSL_accept is worth calling again; also after the SSL is gone. Each call has its own.
void when_certificate_is_ready(SSL* handshake, std::function<void()> ready);

// Once a handshake is over: gives back what attach() keeps for it. SSL_free does so too.
void forget_handshake(SSL* finished) noexcept;

}  // namespace autohttps
