#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/tls/tls_context.h>

#include <utility>

namespace autohttps {

TlsContext::TlsContext(const TlsPolicy& policy, std::shared_ptr<CertificateSource> source)
    : handle_(make_server_context(policy, std::move(source))) {}

TlsContext::TlsContext(SSL_CTX* own) noexcept : handle_(own) {}

TlsContext::~TlsContext() { SSL_CTX_free(handle_); }

}  // namespace autohttps
