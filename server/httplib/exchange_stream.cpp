#include <autohttps/server/httplib/exchange_stream.h>
#include <autohttps/server/httplib/handed_head.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace autohttps {
namespace {

constexpr std::size_t kChunk = 16 << 10;

// Newer versions of the library (0.41 does) write a small body together with its head.
std::string_view head_of(std::string_view text) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t end = text.find(kEnd);
  return end == std::string_view::npos ? text : text.substr(0, end + kEnd.size());
}

bool is_interim(std::string_view head) {
  return head.starts_with("HTTP/1.1 1") && !head.starts_with("HTTP/1.1 101");
}

}  // namespace

ExchangeStream::ExchangeStream(Exchange& exchange, bool expect_is_kept) : exchange_(exchange) {
  const HandedExpect expect = expect_is_kept ? HandedExpect::kept : HandedExpect::dropped;
  if (can_be_handed_as_it_is(exchange.head(), expect)) {
    unread_ = exchange.head().text;
  } else {
    append_handed_head(written_anew_, exchange.head(), expect);
    unread_ = written_anew_;
  }
  body_is_over_ = !exchange.head().has_body();
}

ssize_t ExchangeStream::read(char* data, std::size_t size) {
  if (unread_.empty()) {
    if (body_is_over_ || size == 0) return 0;
    if (!exchange_.head().chunked) {
      const std::size_t got = exchange_.read({data, size});
      return got == 0 && exchange_.body_failed() ? -1 : static_cast<ssize_t>(got);
    }
    take_chunk();
    if (unread_.empty()) return -1;
  }
  // The library reads heads byte by byte.
  const std::size_t count = std::min(size, unread_.size());
  if (count == 1) {
    *data = unread_.front();
  } else {
    std::copy_n(unread_.data(), count, data);
  }
  unread_.remove_prefix(count);
  return static_cast<ssize_t>(count);
}

// Decoded, then framed anew: no chunk extension and no trailer gets here.
void ExchangeStream::take_chunk() {
  std::array<char, kChunk> piece;
  const std::size_t got = exchange_.read(piece);
  chunk_.clear();
  if (got == 0 && exchange_.body_failed()) return;
  std::array<char, 16> digits;
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), got, 16).ptr;
  chunk_.append(digits.data(), end);
  chunk_ += "\r\n";
  chunk_.append(piece.data(), got);
  chunk_ += "\r\n";
  body_is_over_ = got == 0;
  unread_ = chunk_;
}

ssize_t ExchangeStream::write(const char* data, std::size_t size) {
  const std::string_view bytes(data, size);
  bool good = false;
  if (head_is_out_) {
    good = exchange_.write_text(bytes);
  } else {
    const std::string_view head = head_of(bytes);
    const std::string_view body = bytes.substr(head.size());
    head_is_out_ = !is_interim(head);
    good = exchange_.begin_text(head) && (body.empty() || exchange_.write_text(body));
  }
  return good ? static_cast<ssize_t>(size) : -1;
}

bool ExchangeStream::is_readable() const { return !unread_.empty() || !body_is_over_; }

bool ExchangeStream::wait_readable() const { return true; }

// False also when the client has closed its end: that is how long-running answers notice.
bool ExchangeStream::is_writable() const { return exchange_.wait_writable(); }

bool ExchangeStream::wait_writable() const { return exchange_.wait_writable(); }

bool ExchangeStream::is_peer_alive() const { return exchange_.client_is_there(); }

void ExchangeStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  const Peer& peer = exchange_.peer();
  ip = peer.remote_ip;
  port = peer.remote_port;
}

void ExchangeStream::get_local_ip_and_port(std::string& ip, int& port) const {
  const Peer& peer = exchange_.peer();
  ip = peer.local_ip;
  port = peer.local_port;
}

socket_t ExchangeStream::socket() const { return exchange_.descriptor(); }

time_t ExchangeStream::duration() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               began_)
      .count();
}

// The engine's deadlines are absolute, and the server's.
void ExchangeStream::set_read_timeout(time_t, time_t) {}

}  // namespace autohttps
