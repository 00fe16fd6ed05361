// A program with its own OpenSSL server: certificates from acme, put on its context by tls.
#include <autohttps/acme/auto_certificates.h>
#include <autohttps/server/tls/attach.h>
#include <autohttps/server/tls/certificate_cache.h>

#include <openssl/ssl.h>

#include <iostream>
#include <memory>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  autohttps::AutoCertificates certificates(
      {.domains = {"example.com"}, .agree_to_terms = true, .store = argv[1]});
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                  &SSL_CTX_free);
  autohttps::attach(context.get(), std::make_shared<autohttps::CertificateCache>());
  std::cout << "attached\n";
}
