#include <autohttps/server/httplib/https_server.h>
#include <autohttps/server/tls/tls_context.h>

#include <utility>

namespace autohttps {

HttpsServer::HttpsServer(std::shared_ptr<CertificateSource> source, TlsPolicy policy) {
  use_tls(std::make_shared<const TlsContext>(policy, std::move(source)));
}

}  // namespace autohttps
