#include <autohttps/tests/bench/servers/tls_client.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

namespace autohttps::bench {
namespace {

constexpr int kTinyBuffer = 4096;
constexpr int kEthernetSegment = 1460;  // loopback's own gives the server megabytes of send buffer

int keep_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<TlsClient*>(SSL_get_app_data(ssl))->take_session(session);
  return 1;  // it is ours now
}

OwnedFd make_socket(const ConnectPlan& plan) {
  OwnedFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw std::system_error(errno, std::generic_category(), "making a client's socket");
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (plan.tiny_window) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kTinyBuffer, sizeof kTinyBuffer);
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_MAXSEG, &kEthernetSegment, sizeof kEthernetSegment);
  }
  if (plan.source != 0) {
    ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(plan.source);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
      throw std::system_error(errno, std::generic_category(), "binding a client's address");
    }
  }
  return fd;
}

std::optional<std::string_view> header(std::string_view head, std::string_view name) {
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos && line + 2 < head.size()) {
    line += 2;
    const std::size_t end = head.find("\r\n", line);
    const std::string_view text = head.substr(line, end - line);
    if (text.size() > name.size() && text[name.size()] == ':' &&
        ::strncasecmp(text.data(), name.data(), name.size()) == 0) {
      const std::size_t value = text.find_first_not_of(' ', name.size() + 1);
      return value == std::string_view::npos ? "" : text.substr(value);
    }
    line = end;
  }
  return std::nullopt;
}

}  // namespace

const char* get_request(bool close) {
  return close ? "GET /1k HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
               : "GET /1k HTTP/1.1\r\nHost: a.test\r\n\r\n";
}

std::string get_front_page(const char* host) {
  return std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\nConnection: close\r\n\r\n";
}

SslContextPtr make_client_context() {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set1_groups_list(context.get(), "X25519") != 1 ||
      SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256") != 1) {
    throw_openssl("making the load client's context");
  }
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);  // one recv for a record, not two
  SSL_CTX_set_session_cache_mode(context.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  return context;
}

void TlsClient::connect(const ConnectPlan& plan, SSL_CTX* context, int epoll, std::uint64_t tag) {
  close();
  epoll_ = epoll;
  tag_ = tag;
  name_ = plan.name;
  tickets_ = 0;
  failure_.clear();
  in_answer_ = false;
  ssl_.reset(SSL_new(context));
  fd_ = make_socket(plan);
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_.get()) != 1) throw_openssl("making a connection");
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_tlsext_host_name(ssl_.get(), plan.name);
  if (plan.resume && session_) SSL_set_session(ssl_.get(), session_.get());
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(plan.port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  state_ = State::connecting;
  ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);  // SO_ERROR tells later
  epoll_event event{EPOLLOUT, {.u64 = tag}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd_.get(), &event);
}

void TlsClient::close() {
  // Else OpenSSL takes the session for a broken one, and it could not be resumed.
  if (ssl_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  ssl_.reset();
  fd_.reset();
  state_ = State::closed;
}

void TlsClient::stop_reading() {
  epoll_event event{EPOLLRDHUP, {.u64 = tag_}};
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_.get(), &event);
}

void TlsClient::take_session(SSL_SESSION* session) {
  session_.reset(session);
  ++tickets_;
}

std::string TlsClient::leaf_serial() const {
  const X509Ptr leaf(SSL_get1_peer_certificate(ssl_.get()));
  if (!leaf) return {};
  const ASN1_INTEGER* number = X509_get0_serialNumber(leaf.get());
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)),
                     static_cast<std::size_t>(ASN1_STRING_length(number)));
}

TlsClient::Event TlsClient::fail(const std::string& what) {
  failure_ = what;
  ERR_clear_error();
  close();
  return Event::failed;
}

TlsClient::Event TlsClient::advance() {
  switch (state_) {
    case State::closed:
      return Event::nothing;
    case State::connecting: {
      int error = 0;
      socklen_t length = sizeof error;
      ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
      if (error != 0) return fail(std::string("connect: ") + std::strerror(error));
      epoll_event event{EPOLLIN, {.u64 = tag_}};
      ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_.get(), &event);
      state_ = State::handshaking;
      return handshake();
    }
    case State::handshaking:
      return handshake();
    case State::open:
      return read();
  }
  return Event::nothing;
}

TlsClient::Event TlsClient::handshake() {
  const int result = SSL_connect(ssl_.get());
  if (result == 1) {
    state_ = State::open;
    return Event::handshaken;
  }
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Event::nothing;
  return fail("handshake: " +
              (error == SSL_ERROR_SSL ? openssl_reason() : std::string("connection lost")));
}

bool TlsClient::send(std::string_view text) {
  if (state_ != State::open) return false;
  in_answer_ = true;
  head_done_ = false;
  chunked_ = false;
  head_.clear();
  return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) ==
         static_cast<int>(text.size());
}

TlsClient::Event TlsClient::read() {
  std::array<char, 16384> buffer;
  const int count = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
  if (count > 0) {
    const Event event = take({buffer.data(), static_cast<std::size_t>(count)});
    // A head and a body that came in two records, but in one packet.
    return event == Event::nothing && pending() ? read() : event;
  }
  const int error = SSL_get_error(ssl_.get(), count);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Event::nothing;
  if (in_answer_) return fail(head_.empty() ? "lost before the answer" : "lost within the answer");
  ERR_clear_error();
  close();
  return Event::ended;
}

TlsClient::Event TlsClient::take(std::string_view bytes) {
  if (!in_answer_) return fail("an answer to nothing");
  if (chunked_) {
    head_.append(bytes);
  } else if (head_done_) {
    if (bytes.size() > body_left_) return fail("more than Content-Length");
    body_left_ -= bytes.size();
  } else {
    head_.append(bytes);
    if (!take_head()) return failure_.empty() ? Event::nothing : Event::failed;
  }
  if (chunked_ ? !head_.ends_with("\r\n0\r\n\r\n") : body_left_ > 0) return Event::nothing;
  in_answer_ = false;
  return Event::answered;
}

// True: the head is whole, and `body_left_` says what is still to come.
bool TlsClient::take_head() {
  const std::size_t end = head_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string_view head = std::string_view(head_).substr(0, end + 2);
  const auto length = header(head, "Content-Length");
  status_ = head.starts_with("HTTP/1.1 ") ? std::atoi(head_.c_str() + 9) : 0;
  const auto connection = header(head, "Connection");
  last_answer_ = connection && ::strncasecmp(connection->data(), "close", 5) == 0;
  chunked_ = header(head, "Transfer-Encoding").has_value();  // nginx's slow answers
  if (chunked_) return status_ != 0;
  std::size_t size = 0;
  if (status_ == 0 || !length ||
      std::from_chars(length->data(), length->data() + length->size(), size).ec != std::errc()) {
    fail("no HTTP/1.1 answer with a Content-Length");
    return false;
  }
  const std::size_t have = head_.size() - end - 4;
  if (have > size) {
    fail("more than Content-Length");
    return false;
  }
  body_left_ = size - have;
  head_done_ = true;
  return true;
}

}  // namespace autohttps::bench
