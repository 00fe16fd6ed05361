#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/tls/tls_context.h>

#include <utility>

namespace autohttps {

TlsContext::TlsContext(const TlsPolicy& policy, std::shared_ptr<CertificateSource> source,
                       std::shared_ptr<TicketKeys> tickets)
    : handle_(make_server_context(policy, std::move(source), std::move(tickets))) {}

TlsContext::TlsContext(SSL_CTX* own) noexcept : handle_(own) {}

TlsContext::~TlsContext() { SSL_CTX_free(handle_); }

}  // namespace autohttps
