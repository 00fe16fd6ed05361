// A handshake that answers a challenge (RFC 8737) and carries nothing else (not installed: OpenSSL
// types).
#pragma once

#include <autohttps/common/certified_key.h>
#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/tls/client_hello.h>

namespace autohttps {

// Offers acme-tls/1 and nothing else.
bool is_challenge(const ClientHello&) noexcept;

// What such handshakes go on with: chooses acme-tls/1, whatever the context that they came by
// chooses. Throws Error(crypto).
SslContextPtr make_challenge_context();

// In the client-hello callback: from here on this handshake has this certificate, at least TLS 1.2,
// no ticket and no session, and after it the SSL is at its end: whoever reads finds nothing, so
// that no request is ever taken from such a connection. False: no memory.
bool answer_challenge(SSL*, SSL_CTX* challenge_context, const CertifiedKey&) noexcept;

// After a handshake: it was such a one, and all there is left to do is close.
bool has_answered_challenge(const SSL*) noexcept;

}  // namespace autohttps
