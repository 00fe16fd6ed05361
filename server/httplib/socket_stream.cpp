#include <autohttps/common/openssl_owners.h>
#include <autohttps/server/httplib/socket_stream.h>
#include <autohttps/server/tls/attach.h>

#include <openssl/err.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string_view>

namespace autohttps {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kHandshake{10};
constexpr seconds kHead{10};
constexpr seconds kDrain{5};
constexpr milliseconds kDiscard{500};  // enough for what is on its way; a thread is held
constexpr milliseconds kSlice{200};    // how soon a waiting thread notices that the server stops
constexpr std::size_t kMostHeadBytes = 32 * 1024;
constexpr std::size_t kBuffer = 16 * 1024;  // a TLS record

void address_text(const sockaddr_storage& address, std::string& ip, int& port) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
    port = ntohs(four.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    port = ntohs(six.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
      ::inet_ntop(AF_INET, &six.sin6_addr.s6_addr[12], text, sizeof text);
    } else {
      ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
    }
  }
  ip = text;
}

int as_int(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

// Does this head come with a body of known length? Anything else (events, chunks) leaves at once.
bool announces_body(std::string_view data) {
  return data.starts_with("HTTP/1.") && data.find("\r\nContent-Length:") != data.npos &&
         data.find("\r\nContent-Length: 0\r\n") == data.npos;
}

}  // namespace

SocketStream::SocketStream(int fd, SSL* ssl, StreamLimits limits, std::function<bool()> stopping)
    : fd_(fd), ssl_(ssl), limits_(limits), stopping_(std::move(stopping)), in_(kBuffer) {}

bool SocketStream::accept_tls() {
  const Time until = steady_clock::now() + kHandshake;
  while (true) {
    const int result = SSL_accept(ssl_);
    if (result == 1) return true;
    const Need need = after_tls_failure(result);
    if (need == Need::nothing || !wait_for(need, until)) return false;
  }
}

bool SocketStream::wait_for_request(const std::function<bool()>& wanted_elsewhere) {
  const Time until = steady_clock::now() + limits_.idle;
  while (in_begin_ == in_end_) {
    Need need = Need::nothing;
    const ssize_t got = read_some(in_.data(), in_.size(), need);
    if (got > 0) {
      in_begin_ = 0;
      in_end_ = static_cast<std::size_t>(got);
      break;
    }
    if (got == 0 || need == Need::nothing) return false;
    const Time now = steady_clock::now();
    if (now >= until || stopping_() || wanted_elsewhere()) return false;
    wait_for(need, std::min(until, now + kSlice));
  }
  return true;
}

void SocketStream::begin_request() {
  head_until_ = steady_clock::now() + kHead;
  in_head_ = true;
  head_passed_ = false;
  budget_ = kMostHeadBytes;
  head_.clear();
}

void SocketStream::begin_body(Body body) {
  in_head_ = false;
  chunked_ = body.chunked;
  left_ = body.length;
  tail_.clear();
  // Twice: chunks have heads of their own. What cpp-httplib counts itself is exact.
  constexpr std::uint64_t kHalf = std::numeric_limits<std::uint64_t>::max() / 4;
  budget_ = std::min<std::uint64_t>(limits_.payload, kHalf) * 2 + kMostHeadBytes;
}

bool SocketStream::body_was_read() const noexcept {
  return !in_head_ && (chunked_ ? tail_ == "\r\n\r\n" : left_ == 0);
}

ssize_t SocketStream::read(char* data, std::size_t size) {
  const bool counted = !in_head_ && !chunked_;
  if (size == 0 || (counted && left_ == 0)) return 0;
  if (in_begin_ == in_end_) {
    if (!flush()) return -1;
    const ssize_t got = fill(in_head_ ? head_until_ : steady_clock::now() + limits_.read);
    if (got <= 0) return got;
  }
  const std::size_t taken = static_cast<std::size_t>(
      std::min<std::uint64_t>({size, in_end_ - in_begin_, budget_, counted ? left_ : budget_}));
  if (taken == 0) return -1;
  std::copy_n(in_.data() + in_begin_, taken, data);
  in_begin_ += taken;
  budget_ -= taken;
  if (counted) left_ -= taken;
  if (in_head_) head_.append(data, taken);
  if (!in_head_ && chunked_) {
    tail_.append(data + (taken - std::min<std::size_t>(taken, 4)), std::min<std::size_t>(taken, 4));
    tail_.erase(0, tail_.size() - std::min<std::size_t>(tail_.size(), 4));
  }
  return static_cast<ssize_t>(taken);
}

ssize_t SocketStream::fill(Time until) {
  while (true) {
    Need need = Need::nothing;
    const ssize_t got = read_some(in_.data(), in_.size(), need);
    if (got > 0) {
      in_begin_ = 0;
      in_end_ = static_cast<std::size_t>(got);
    }
    if (got >= 0 || need == Need::nothing) return got;
    if (!wait_for(need, until)) return -1;
  }
}

ssize_t SocketStream::write(const char* data, std::size_t size) {
  if (!head_passed_ && announces_body({data, size})) {
    head_passed_ = true;
    held_.assign(data, size);
    return static_cast<ssize_t>(size);
  }
  std::size_t joined = 0;
  if (!held_.empty()) {
    joined = std::min(size, kBuffer - std::min(kBuffer, held_.size()));
    held_.append(data, joined);
    if (!flush()) return -1;
  }
  if (!write_all(data + joined, size - joined)) return -1;
  return static_cast<ssize_t>(size);
}

bool SocketStream::flush() {
  if (held_.empty()) return true;
  const bool good = write_all(held_.data(), held_.size());
  held_.clear();
  return good;
}

bool SocketStream::write_all(const char* data, std::size_t size) {
  Time until = steady_clock::now() + limits_.write;
  while (size > 0) {
    Need need = Need::nothing;
    const ssize_t sent = write_some(data, size, need);
    if (sent > 0) {
      data += sent;
      size -= static_cast<std::size_t>(sent);
      until = steady_clock::now() + limits_.write;
      if (stopping_() && out_of_time(until)) return false;
    } else if (need == Need::nothing || !wait_for(need, until)) {
      return false;
    }
  }
  return true;
}

void SocketStream::close(bool discard) {
  flush();
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_) == 1) {
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  ::shutdown(fd_, SHUT_WR);
  const Time until = steady_clock::now() + kDiscard;
  while (discard && wait(POLLIN, until)) {
    const ssize_t got = ::recv(fd_, in_.data(), in_.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
    if (steady_clock::now() >= until) return;
  }
}

// ---- the socket

SocketStream::Need SocketStream::after_tls_failure(int result) const {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Need::readable;
    case SSL_ERROR_WANT_WRITE:
      return Need::writable;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      return Need::certificate;
    default:
      ERR_clear_error();  // this thread's next connection begins without it
      return Need::nothing;
  }
}

ssize_t SocketStream::read_some(char* data, std::size_t size, Need& need) {
  if (ssl_ != nullptr) {
    const int got = SSL_read(ssl_, data, as_int(size));
    if (got > 0) return got;
    if (SSL_get_error(ssl_, got) == SSL_ERROR_ZERO_RETURN) return 0;
    need = after_tls_failure(got);
    return -1;
  }
  const ssize_t got = ::recv(fd_, data, size, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) need = Need::readable;
  return got;
}

ssize_t SocketStream::write_some(const char* data, std::size_t size, Need& need) {
  if (ssl_ != nullptr) {
    const int sent = SSL_write(ssl_, data, as_int(size));
    if (sent > 0) return sent;
    need = after_tls_failure(sent);
    return -1;
  }
  const ssize_t sent = ::send(fd_, data, size, MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) need = Need::writable;
  return sent;
}

bool SocketStream::out_of_time(Time until) const {
  const Time now = steady_clock::now();
  if (cut_off_ == Time::max() && stopping_()) cut_off_ = now + kDrain;
  return now >= until || now >= cut_off_;
}

bool SocketStream::wait(short events, Time until) const {
  while (!out_of_time(until)) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    pollfd one{fd_, events, 0};
    const auto slice = std::clamp<std::int64_t>(left.count(), 0, kSlice.count());
    if (::poll(&one, 1, static_cast<int>(slice)) > 0) return true;
  }
  return false;
}

bool SocketStream::wait_for(Need need, Time until) const {
  if (need != Need::certificate) return wait(need == Need::readable ? POLLIN : POLLOUT, until);
  while (!out_of_time(until)) {
    if (wait_for_certificate(ssl_, kSlice)) return true;
  }
  return false;
}

// ---- what cpp-httplib asks besides

bool SocketStream::is_readable() const {
  if (in_begin_ != in_end_ || (ssl_ != nullptr && SSL_pending(ssl_) > 0)) return true;
  pollfd one{fd_, POLLIN, 0};
  return ::poll(&one, 1, 0) > 0;
}

bool SocketStream::wait_readable() const {
  return is_readable() || wait(POLLIN, steady_clock::now() + limits_.read);
}

// False also when the client has closed its end: that is how long-running answers notice.
bool SocketStream::is_writable() const {
  return wait(POLLOUT, steady_clock::now() + limits_.write) && is_peer_alive();
}

bool SocketStream::wait_writable() const { return is_writable(); }

bool SocketStream::is_peer_alive() const {
  char byte = 0;
  const ssize_t got = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void SocketStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    address_text(address, ip, port);
  }
}

void SocketStream::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    address_text(address, ip, port);
  }
}

socket_t SocketStream::socket() const { return fd_; }

time_t SocketStream::duration() const {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - born_).count();
}

void SocketStream::set_read_timeout(time_t seconds_, time_t microseconds) {
  limits_.read = seconds(seconds_) + milliseconds(microseconds / 1000);
}

}  // namespace autohttps
