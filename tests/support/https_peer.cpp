#include <autohttps/tests/support/https_peer.h>

#include <autohttps/common/openssl_owners.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

namespace autohttps {
namespace {

std::shared_ptr<SSL_CTX> make_context(const TestChain& chain, int highest_tls) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  const auto certified = chain.certified();
  if (SSL_CTX_use_certificate(context.get(), certified->certificate(0)) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), certified->key().handle()) != 1) {
    throw std::runtime_error("the test server's certificate");
  }
  for (std::size_t i = 1; i < certified->chain_length(); ++i) {
    SSL_CTX_add1_chain_cert(context.get(), certified->certificate(i));
  }
  if (highest_tls != 0) {
    SSL_CTX_set_min_proto_version(context.get(), highest_tls);
    SSL_CTX_set_max_proto_version(context.get(), highest_tls);
    SSL_CTX_set_cipher_list(context.get(), "DEFAULT@SECLEVEL=0");
  }
  return context;
}

void close_with_reset(int fd) {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::shutdown(fd, SHUT_RD);
}

std::size_t content_length(const std::string& head) {
  const std::size_t at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

// Empty method: the client is gone.
HttpsPeer::Request read_request(SSL* ssl) {
  std::string text;
  std::array<char, 4096> buffer{};
  std::size_t end = std::string::npos, wanted = 0;
  while (end == std::string::npos || text.size() < wanted) {
    const int got = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
    if (got <= 0) return {};
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (end == std::string::npos && (end = text.find("\r\n\r\n")) != std::string::npos) {
      wanted = end + 4 + content_length(text.substr(0, end + 2));
    }
  }
  HttpsPeer::Request request;
  const std::size_t space = text.find(' ');
  request.method = text.substr(0, space);
  request.path = text.substr(space + 1, text.find(' ', space + 1) - space - 1);
  request.head = text.substr(0, end + 2);
  request.body = text.substr(end + 4);
  return request;
}

}  // namespace

bool HttpsPeer::Answer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const int done =
        SSL_write(ssl_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 16384)));
    if (done <= 0) return keep = false;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

void HttpsPeer::Answer::simple(int status, std::string_view headers, std::string_view body) {
  write("HTTP/1.1 " + std::to_string(status) + " Status\r\n" + std::string(headers) +
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

void HttpsPeer::Answer::reset() {
  close_with_reset(SSL_get_fd(ssl_));
  keep = false;
}

void HttpsPeer::Answer::wait_for_client() {
  char byte = 0;
  while (SSL_read(ssl_, &byte, 1) > 0) {
  }
  keep = false;
}

HttpsPeer::HttpsPeer(const TestChain& chain, Handler handler)
    : HttpsPeer(chain, std::move(handler), Options{}) {}

HttpsPeer::HttpsPeer(const TestChain& chain, Handler handler, Options options)
    : handler_(std::move(handler)),
      options_(options),
      context_(make_context(chain, options.highest_tls)) {
  std::signal(SIGPIPE, SIG_IGN);  // clients go away in the middle of answers
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, generic, &length) != 0) {
    throw std::runtime_error("the test server's socket");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpsPeer::~HttpsPeer() {
  ::shutdown(listener_, SHUT_RDWR);  // accept() returns
  acceptor_.join();
  std::vector<std::thread> workers;
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    workers.swap(workers_);
  }
  for (std::thread& worker : workers) worker.join();
  ::close(listener_);
}

std::string HttpsPeer::url(std::string_view path, std::string_view host) const {
  return "https://" + std::string(host) + ":" + std::to_string(port_) + std::string(path);
}

void HttpsPeer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    workers_.emplace_back([this, fd] { serve(fd); });
  }
}

void HttpsPeer::serve(int fd) {
  {
    const SslPtr ssl(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), fd);
    if (options_.reset_in_handshake) {
      char byte = 0;
      if (::recv(fd, &byte, 1, MSG_PEEK) == 1) close_with_reset(fd);
    } else if (SSL_accept(ssl.get()) == 1) {
      for (bool keep = true; keep;) {
        const Request request = read_request(ssl.get());
        if (request.method.empty()) break;
        ++requests_;
        Answer answer(ssl.get());
        handler_(request, answer);
        keep = answer.keep;
      }
    }
  }
  const std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), fd));
  ::close(fd);
}

}  // namespace autohttps
