#include <autohttps/tests/bench/servers/loopback.h>
#include <autohttps/tests/bench/soak/client.h>

#include <autohttps/common/strings.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

namespace autohttps::bench {
namespace {

constexpr timeval kPatience{20, 0};  // more than any deadline of the server's
constexpr std::size_t kMostToEnd = 1U << 20;

// Lower case.
std::optional<std::string> field(const std::string& head, const std::string& name) {
  const std::string text = to_lower(head);
  const std::size_t at = text.find("\r\n" + name + ": ");
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = at + name.size() + 4;
  return text.substr(begin, text.find("\r\n", begin) - begin);
}

}  // namespace

SslContextPtr soak_context(const std::string& root_pem, int highest_version) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  const BioPtr bio(BIO_new_mem_buf(root_pem.data(), static_cast<int>(root_pem.size())));
  const X509Ptr root(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!root || X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), root.get()) != 1 ||
      SSL_CTX_set_max_proto_version(context.get(), highest_version) != 1) {
    throw_openssl("making the soak's client");
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

bool SoakClient::connect(std::uint16_t port, std::uint32_t source, SSL_CTX* context, bool resume) {
  close();
  in_.clear();
  answered_ = false;
  why_ = Why::nothing;
  fd_ = OwnedFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const sockaddr_in from = address_of(source, 0);
  const sockaddr_in to = address_of(INADDR_LOOPBACK, port);
  if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
      ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    return fail(Why::broken);  // it listens all the time
  }
  if (context == nullptr) return true;
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), fd_.get());
  SSL_set_tlsext_host_name(ssl_.get(), "a.test");
  SSL_set1_host(ssl_.get(), "a.test");
  if (resume && session_) SSL_set_session(ssl_.get(), session_.get());
  errno = 0;
  if (SSL_connect(ssl_.get()) == 1) return true;
  if (SSL_get_verify_result(ssl_.get()) != X509_V_OK) return fail(Why::broken);
  const bool in_time = errno != EAGAIN;
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  if (!in_time) return fail(Why::late);
  const bool cut = error == 0 || ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  return fail(cut ? Why::refused : Why::broken);
}

bool SoakClient::send(std::string_view bytes) {
  if (!ssl_) return send_raw(bytes);
  while (!bytes.empty()) {
    const int sent = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    ERR_clear_error();
    if (sent <= 0) return fail(Why::lost);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool SoakClient::send_raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return fail(Why::lost);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool SoakClient::fill() {
  std::array<char, 16384> buffer;
  errno = 0;
  const auto got = ssl_ ? SSL_read(ssl_.get(), buffer.data(), buffer.size())
                        : ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got > 0) {
    in_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }
  ERR_clear_error();
  if (got < 0 && errno == EAGAIN) return fail(Why::late);
  return fail(answered_ || ssl_ ? Why::lost : Why::refused);
}

bool SoakClient::take_head() {
  std::size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return false;
  }
  head_ = in_.substr(0, end + 4);
  in_.erase(0, end + 4);
  if (!head_.starts_with("HTTP/1.1 ")) return fail(Why::broken);
  status_ = std::atoi(head_.c_str() + 9);
  last_ = field(head_, "connection") == "close";
  return true;
}

bool SoakClient::take_length(std::size_t size) {
  while (in_.size() < size) {
    if (!fill()) return false;
  }
  body_.append(in_, 0, size);
  in_.erase(0, size);
  return true;
}

bool SoakClient::take_chunks() {
  while (true) {
    std::size_t end = 0;
    while ((end = in_.find("\r\n")) == std::string::npos) {
      if (!fill()) return false;
    }
    std::size_t size = 0;
    const auto result = std::from_chars(in_.data(), in_.data() + end, size, 16);
    if (result.ec != std::errc() || result.ptr != in_.data() + end) return fail(Why::broken);
    in_.erase(0, end + 2);
    if (!take_length(size)) return false;
    const std::size_t before = body_.size();
    if (!take_length(2)) return false;
    if (body_.substr(before) != "\r\n") return fail(Why::broken);
    body_.resize(before);
    if (size == 0) return true;
  }
}

bool SoakClient::read_answer(bool head_only, bool more_expected) {
  body_.clear();
  if (!take_head()) return false;
  if (status_ == 100) return true;
  if (!head_only) {
    const auto length = field(head_, "content-length");
    if (field(head_, "transfer-encoding") == "chunked") {
      if (length) return fail(Why::broken);
      if (!take_chunks()) return false;
    } else if (length) {
      if (!take_length(std::strtoul(length->c_str(), nullptr, 10))) return false;
    } else {
      return fail(Why::broken);
    }
  }
  answered_ = true;
  if (ssl_) session_.reset(SSL_get1_session(ssl_.get()));
  return more_expected || in_.empty() || fail(Why::broken);
}

void SoakClient::read_to_end() {
  for (std::size_t taken = 0; taken < kMostToEnd && fill(); taken = in_.size()) {
  }
}

void SoakClient::close_notify() {
  if (ssl_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void SoakClient::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void SoakClient::finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }

void SoakClient::close() {
  // Else OpenSSL takes the session for a broken one, and it could not be resumed.
  if (ssl_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  ssl_.reset();
  fd_.reset();
}

}  // namespace autohttps::bench
