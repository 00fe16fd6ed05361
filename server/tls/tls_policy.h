// How we speak TLS: Mozilla's guideline 6.0, intermediate, client order (RELIABILITY checklist 1,
// 2).
#pragma once

#include <autohttps/server/tls/certificate_source.h>
#include <autohttps/server/tls/ticket_keys.h>

#include <memory>

typedef struct ssl_ctx_st SSL_CTX;

namespace autohttps {

struct TlsPolicy {
  enum class Level { intermediate, modern } level = Level::intermediate;  // modern: TLS 1.3 only
};

// A server context without a certificate, made once per listener: versions, suites, groups
// (X25519MLKEM768 where OpenSSL has it), ALPN http/1.1, session tickets (one per handshake), no
// renegotiation, no compression, no early data; attach()ed to `source`. Listeners that share
// `tickets` resume each other's sessions; null: keys of its own. The caller owns one reference
// (SSL_CTX_free). Throws Error(crypto).
SSL_CTX* make_server_context(const TlsPolicy&, std::shared_ptr<CertificateSource> source,
                             std::shared_ptr<TicketKeys> tickets = nullptr);

}  // namespace autohttps
