#include <autohttps/common/strings.h>
#include <autohttps/server/engine/chunk_head.h>
#include <autohttps/server/engine/connection.h>
#include <autohttps/server/engine/response_text.h>
#include <autohttps/server/engine/shard.h>

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <exception>
#include <iterator>
#include <utility>

namespace autohttps {
namespace {

constexpr std::int64_t kSlice = 200;  // ms: how soon a waiting handler notices that all is cut

// Text that grows within a space which is large enough for it.
class TextEnd {
 public:
  explicit TextEnd(std::span<char> space) : begin_(space.data()), end_(space.data()) {}
  TextEnd& operator<<(std::string_view text) noexcept {
    end_ = std::copy(text.begin(), text.end(), end_);
    return *this;
  }
  TextEnd& operator<<(std::uint64_t number) noexcept {
    constexpr std::ptrdiff_t kMostDigits = 20;
    end_ = std::to_chars(end_, end_ + kMostDigits, number).ptr;
    return *this;
  }
  std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - begin_); }

 private:
  char* const begin_;
  char* end_;
};

}  // namespace

// ---- from handlers that may wait

bool Connection::wait_socket(short events, std::int64_t until, Count late) noexcept {
  if (!give_lead_away()) {
    shard_.count(Count::busy);
    return false;  // everybody else would wait with it
  }
  while (!shard_.is_cut()) {
    const std::int64_t left = std::min(until - shard_.now(), kSlice);
    if (left <= 0) {
      shard_.count(late);
      return false;
    }
    pollfd one{wire_.fd(), events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

bool Connection::wait_for_reader() noexcept {
  const std::int64_t until = write_since_ + shard_.limits().write.count();
  if (wait_socket(POLLOUT, until, Count::late_write)) return true;
  lose();
  return false;
}

bool Connection::flush_or_wait() noexcept {
  while (true) {
    const Flow flow = flush();
    if (flow == Flow::done) return true;
    if (flow == Flow::gone) return false;
    if (out_.size() < shard_.limits().output / 2) return true;  // the rest leaves by itself
    if (!wait_for_reader()) return false;
  }
}

bool Connection::put(std::string_view bytes) noexcept {
  if (shard_.is_cut()) lose();
  if (gone_) return false;
  try {
    if (out_.size() + bytes.size() > Buffer::kBlock) {
      const std::size_t fits = Buffer::kBlock - std::min(Buffer::kBlock, out_.size());
      out_.append(bytes.substr(0, fits));
      return flush_or_wait() && put_directly(bytes.substr(fits));
    }
    out_.append(bytes);
    return request_->corked || flush_or_wait();
  } catch (const std::exception&) {
    lose();
    return false;
  }
}

// Past the buffer while the socket takes it.
bool Connection::put_directly(std::string_view bytes) noexcept {
  const std::size_t most = std::max(shard_.limits().output, 2 * Buffer::kBlock);
  while (!bytes.empty()) {
    if (out_.empty()) {
      const Wire::Moved moved = wire_.write(bytes);
      if (moved.bytes > 0) {
        bytes.remove_prefix(moved.bytes);
        note_progress(moved.bytes);
        continue;
      }
      if (moved.need != Wire::Need::writable) {
        lose();
        return false;
      }
      if (write_since_ == 0) note_stall();
      shard_.watch_output(*this);
    }
    const std::size_t held = std::min(bytes.size(), most - std::min(most, out_.size()));
    out_.append(bytes.substr(0, held));
    bytes.remove_prefix(held);
    if (!flush_or_wait()) return false;
  }
  return true;
}

// A request that never was whole gets the engine's answer, as where its body is not streamed;
// whoever read half of it has nothing to say.
bool Connection::answers_broken_body() noexcept {
  Request& request = *request_;
  if (request.body_fault == 0) return false;
  try {
    out_.append(refusal(request.body_fault, "", request.head.method == "HEAD"));
    request.status = request.body_fault;
  } catch (const std::exception&) {
    lose();
  }
  request.begun = request.answered = true;
  request.keep = false;
  lingers_ = true;
  return true;
}

bool Connection::begin_text(std::string_view head) noexcept {
  Request& request = *request_;
  ResponseText text;
  if (gone_ || request.begun || request.answered || answers_broken_body()) return false;
  if (!inspect_response(head, text)) {
    lose();
    return false;
  }
  if (text.status < 200 && text.status != 101) {
    if (text.status == 100) request.continue_wanted = false;
    return put(head) && flush_or_wait();
  }
  request.begun = true;
  request.status = text.status;
  request.keep = !text.says_close;
  request.corked = text.length.has_value();
  request.left = text.length.value_or(0);
  request.framing = Request::Framing::text;
  if (text.has_date) return put(head);
  const bool corked = std::exchange(request.corked, true);
  const bool good = put(head.substr(0, text.status_line)) && put("Date: ") && put(http_date()) &&
                    put("\r\n") && put(head.substr(text.status_line));
  request.corked = corked;
  return good && (corked || flush_or_wait());
}

bool Connection::write_text(std::string_view bytes) noexcept {
  Request& request = *request_;
  if (!request.begun || request.answered) return false;
  // What completes the answer leaves with finish(), which follows; else the reader waits for it.
  request.left -= std::min<std::uint64_t>(request.left, bytes.size());
  request.corked = request.corked && request.left == 0;
  request.sent += bytes.size();
  return put(bytes);
}

// Behind what is held, in one piece: a head is written for each request.
void Connection::append_head(const ResponseHead& head, std::optional<std::uint64_t> length) {
  Request& request = *request_;
  // What is not here yet of the request's body may never come: nothing can follow it.
  request.keep = !must_close() && request.body_done;
  request.status = head.status;
  const bool with_body = has_body(request.head.method, head.status);
  constexpr std::size_t kOwn = 256;  // the status line and what is ours
  std::size_t most = kOwn + head.ready.size();
  for (const auto& [name, value] : head.fields) most += name.size() + value.size() + 4;
  TextEnd text(out_.space(most));
  text << "HTTP/1.1 " << static_cast<std::uint64_t>(head.status) << " "
       << status_phrase(head.status) << "\r\n";
  bool dated = false;
  for (const auto& [name, value] : head.fields) {
    if (!is_field_name(name) || !is_field_value(value)) continue;  // nobody's injection
    dated = dated || equals_ignoring_case(name, "Date");
    text << name << ": " << value << "\r\n";
  }
  text << head.ready;
  if (!dated) text << "Date: " << http_date() << "\r\n";
  if (length && (with_body || request.head.method == "HEAD")) {
    text << "Content-Length: " << *length << "\r\n";
  }
  request.framing = Request::Framing::none;
  if (with_body && length) {
    request.framing = Request::Framing::length;
    request.left = *length;
  } else if (with_body && request.head.http11()) {
    request.framing = Request::Framing::chunked;
    text << "Transfer-Encoding: chunked\r\n";
  } else if (with_body) {
    request.framing = Request::Framing::until_close;
    request.keep = false;
  }
  if (!request.keep) {
    text << "Connection: close\r\n";
  } else if (!request.head.http11()) {
    text << "Connection: keep-alive\r\n";
  }
  text << "\r\n";
  out_.grow(text.size());
}

bool Connection::begin(const ResponseHead& head, std::optional<std::uint64_t> length) noexcept {
  Request& request = *request_;
  if (gone_ || request.begun || request.answered || answers_broken_body()) return false;
  try {
    append_head(head, length);
    request.begun = true;
    request.corked = request.framing == Request::Framing::length && *length > 0;
    return put({});
  } catch (const std::exception&) {
    lose();
    return false;
  }
}

bool Connection::write(std::string_view bytes) noexcept {
  Request& request = *request_;
  if (!request.begun || request.answered || gone_) return false;
  if (bytes.empty()) return true;
  if (request.framing != Request::Framing::none) request.sent += bytes.size();
  switch (request.framing) {
    case Request::Framing::none:
      return true;
    case Request::Framing::length:
      if (bytes.size() > request.left) {
        lose();
        return false;
      }
      request.left -= bytes.size();
      return put(bytes);
    case Request::Framing::chunked: {
      std::array<char, kMostChunkHead> size;
      request.corked = true;
      const bool good = put(chunk_head(bytes.size(), size)) && put(bytes);
      request.corked = false;
      return good && put("\r\n");
    }
    case Request::Framing::text:
    case Request::Framing::until_close:
      break;
  }
  return put(bytes);
}

bool Connection::finish(bool keep) noexcept {
  Request& request = *request_;
  if (!request.begun || request.answered) return false;
  if (request.framing == Request::Framing::chunked) {
    request.corked = true;
    put("0\r\n\r\n");
  }
  if (request.framing == Request::Framing::length && request.left > 0) lose();
  request.answered = true;
  request.keep = request.keep && keep;
  return !gone_;
}

// Behind the head, where both are of one record.
bool Connection::append_whole(const BodySource& source) {
  Request& request = *request_;
  if (request.framing != Request::Framing::length) return false;
  const std::string_view body = source.whole();
  if (body.empty() || out_.size() + body.size() > Buffer::kBlock) return false;
  out_.append(body);
  request.sent += body.size();
  return true;
}

void Connection::respond(ResponseHead head, std::unique_ptr<BodySource> source) noexcept {
  Request& request = *request_;
  if (request.begun || request.answered || answers_broken_body()) return;
  try {
    if (!request.relay) skim_body();
    const auto length = source ? source->length() : std::optional<std::uint64_t>(0);
    append_head(head, length);
    const bool none = request.framing == Request::Framing::none;
    if (source && !none && length.value_or(1) > 0 && !append_whole(*source)) {
      request.source = std::move(source);
    }
    if (!request.source && request.framing == Request::Framing::length) request.left = 0;
  } catch (const std::exception&) {
    lose();
  }
  request.begun = request.answered = true;
}

void Connection::tunnel(ResponseHead head, std::unique_ptr<BodySource> source) noexcept {
  Request& request = *request_;
  if (gone_ || request.begun || request.answered) return;
  try {
    if (request.text.empty()) keep_head_apart();  // what follows it is the client's
    std::string text = "HTTP/1.1 101 Switching Protocols\r\n";
    for (const auto& [name, value] : head.fields) {
      if (!is_field_name(name) || !is_field_value(value)) continue;
      text.append(name).append(": ").append(value).append("\r\n");
    }
    out_.append(text + "Connection: Upgrade\r\n\r\n");
    request.source = std::move(source);
  } catch (const std::exception&) {
    lose();
  }
  request.status = 101;
  request.framing = Request::Framing::until_close;
  request.tunnelled = request.begun = request.answered = true;
}

void Connection::relay(std::unique_ptr<Relay> relay) noexcept {
  request_->relay = std::move(relay);
}

bool Connection::watch(int fd, WatchTag& tag) noexcept { return shard_.watch(*this, fd, tag); }

void Connection::set_alarm(std::chrono::milliseconds from_now) noexcept {
  request_->alarm = from_now.count() > 0 ? shard_.now() + from_now.count() : kNever;
}

bool Connection::must_close() const noexcept {
  return request_->head.wants_close || served_ >= shard_.limits().requests_per_connection ||
         shard_.is_draining();
}

bool Connection::client_is_there() noexcept { return !gone_ && peer_is_there(wire_.fd()); }

bool Connection::wait_writable() noexcept { return !gone_ && flush_or_wait() && client_is_there(); }

}  // namespace autohttps
