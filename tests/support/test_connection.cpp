#include <autohttps/common/strings.h>
#include <autohttps/tests/support/test_connection.h>

#include <openssl/err.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace autohttps {
namespace {

OwnedFd connect_to(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    throw std::runtime_error("not an address: " + host);
  }
  OwnedFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{10, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int result = ::connect(fd.get(), found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  if (result != 0) throw std::runtime_error("connecting: " + std::string(std::strerror(errno)));
  return fd;
}

std::string hex_fingerprint(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

}  // namespace

TestConnection TestConnection::plain(std::uint16_t port, const std::string& host) {
  return TestConnection(connect_to(host, port));
}

TestConnection TestConnection::tls(std::uint16_t port, const std::string& server_name,
                                   const std::string& host, int newest_version,
                                   const std::string& protocol) {
  TestConnection connection(connect_to(host, port));
  connection.context_.reset(SSL_CTX_new(TLS_client_method()));
  connection.ssl_.reset(SSL_new(connection.context_.get()));
  SSL* ssl = connection.ssl_.get();
  SSL_set_max_proto_version(ssl, newest_version);
  SSL_set_fd(ssl, connection.fd_.get());
  if (!server_name.empty()) SSL_set_tlsext_host_name(ssl, server_name.c_str());
  if (!protocol.empty()) {
    const std::string list = static_cast<char>(protocol.size()) + protocol;
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
  }
  if (SSL_connect(ssl) != 1) throw std::runtime_error("TLS handshake: " + openssl_reason());
  const X509Ptr leaf(SSL_get1_peer_certificate(ssl));
  if (leaf) connection.fingerprint_ = hex_fingerprint(leaf.get());
  return connection;
}

bool TestConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ERR_clear_error();
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool TestConnection::fill() {
  std::array<char, 16384> buffer;
  const auto got = ssl_ ? SSL_read(ssl_.get(), buffer.data(), buffer.size())
                        : ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  ERR_clear_error();
  if (got <= 0) return false;
  in_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::string TestConnection::read_to_end() {
  while (fill()) {
  }
  return std::exchange(in_, {});
}

std::string TestConnection::read_some() {
  if (in_.empty()) fill();
  return std::exchange(in_, {});
}

bool TestConnection::read_until(std::string_view text) {
  std::size_t at = 0;
  while ((at = in_.find(text)) == std::string::npos) {
    if (!fill()) return false;
  }
  in_.erase(0, at + text.size());
  return true;
}

void read_head_of(TestResponse& response, std::string raw_head) {
  response.status = std::stoi(raw_head.substr(raw_head.find(' ') + 1));
  for (const std::string_view line : split(raw_head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    if (value.ends_with('\r')) value.remove_suffix(1);
    response.headers[to_lower(line.substr(0, colon))] = trim(value);
  }
  response.raw_head = std::move(raw_head);
}

TestResponse TestConnection::read_response(bool head_only) {
  TestResponse response;
  std::size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return response;
  }
  read_head_of(response, in_.substr(0, end + 4));
  in_.erase(0, end + 4);
  if (head_only) return response;
  const auto length = response.headers.find("content-length");
  if (length == response.headers.end()) {
    response.body = read_to_end();
    return response;
  }
  const std::size_t size = std::stoul(length->second);
  while (in_.size() < size && fill()) {
  }
  response.body = in_.substr(0, size);
  in_.erase(0, size);
  return response;
}

TestResponse TestConnection::get(const std::string& target, const std::string& host,
                                 const std::string& more_headers) {
  send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + more_headers + "\r\n");
  return read_response();
}

void TestConnection::finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }

bool TestConnection::ended() { return !fill(); }

}  // namespace autohttps
