#include <autohttps/tests/support/https_client.h>

#include <autohttps/common/openssl_owners.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/common/strings.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <system_error>

namespace autohttps {
namespace {

OwnedFd connect_to(const std::string& address, std::uint16_t port, std::string& failure) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    failure = "no such address";
    return {};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  OwnedFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), found->ai_addr, found->ai_addrlen) != 0) {
    failure = "connect: " + std::generic_category().message(errno);
    return {};
  }
  return fd;
}

using Write = std::function<bool(const std::string&)>;
using Read = std::function<int(char*, int)>;

// One request with "Connection: close", its answer to the end.
void exchange(const HttpsRequest& request, const Write& write, const Read& read,
              HttpsAnswer& answer) {
  const bool is_ip6 = request.name.find(':') != std::string::npos;  // RFC 3986 3.2.2
  if (!write("GET " + request.path +
             " HTTP/1.1\r\nHost: " + (is_ip6 ? "[" + request.name + "]" : request.name) +
             "\r\nConnection: close\r\n\r\n")) {
    answer.failure = "the request could not be sent";
    return;
  }
  std::string text;
  char part[4096];
  for (int got = 0; (got = read(part, sizeof part)) > 0;) {
    text.append(part, static_cast<std::size_t>(got));
  }
  const std::size_t head = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || head == std::string::npos) {
    answer.failure = "no HTTP answer, but " + std::to_string(text.size()) + " bytes";
    return;
  }
  answer.status = std::atoi(text.c_str() + 9);
  answer.headers = text.substr(0, head);
  answer.body = text.substr(head + 4);
}

void trust(SSL_CTX* context, const std::string& root_pem) {
  const BioPtr bio(BIO_new_mem_buf(root_pem.data(), static_cast<int>(root_pem.size())));
  const X509Ptr root(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get());
}

void look_at_chain(SSL* ssl, HttpsAnswer& answer) {
  answer.verified = SSL_get_verify_result(ssl) == X509_V_OK;
  answer.chain_length = static_cast<std::size_t>(sk_X509_num(SSL_get_peer_cert_chain(ssl)));
  const X509Ptr leaf(SSL_get1_peer_certificate(ssl));
  if (!leaf) return;
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf.get()), nullptr));
  char* hex = BN_bn2hex(number.get());
  answer.serial = to_lower(hex);
  OPENSSL_free(hex);
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_issuer_name(leaf.get()), NID_commonName, name, sizeof name);
  answer.common_name = name;
}

}  // namespace

HttpsAnswer https_get(const HttpsRequest& request) {
  HttpsAnswer answer;
  const OwnedFd fd = connect_to(request.address, request.port, answer.failure);
  if (!fd) return answer;
  const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!request.root_pem.empty()) trust(context.get(), request.root_pem);
  const SslPtr ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), fd.get());
  // RFC 6066 3: "Literal IPv4 and IPv6 addresses are not permitted in HostName".
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), request.name.c_str()) != 1) {
    ERR_clear_error();
    SSL_set_tlsext_host_name(ssl.get(), request.name.c_str());
    SSL_set1_host(ssl.get(), request.name.c_str());
  }
  if (SSL_connect(ssl.get()) != 1) {
    answer.failure = "handshake";
    return answer;
  }
  look_at_chain(ssl.get(), answer);
  exchange(
      request,
      [&](const std::string& text) {
        return SSL_write(ssl.get(), text.data(), static_cast<int>(text.size())) > 0;
      },
      [&](char* part, int size) { return SSL_read(ssl.get(), part, size); }, answer);
  return answer;
}

HttpsAnswer http_get(const HttpsRequest& request) {
  HttpsAnswer answer;
  const OwnedFd fd = connect_to(request.address, request.port, answer.failure);
  if (!fd) return answer;
  exchange(
      request,
      [&](const std::string& text) {
        return ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0;
      },
      [&](char* part, int size) {
        return static_cast<int>(::recv(fd.get(), part, static_cast<std::size_t>(size), 0));
      },
      answer);
  return answer;
}

}  // namespace autohttps
