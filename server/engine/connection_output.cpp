#include <autohttps/server/engine/chunk_head.h>
#include <autohttps/server/engine/connection.h>
#include <autohttps/server/engine/shard.h>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <exception>

// To the socket: what is held, and what a source has.
namespace autohttps {
namespace {

constexpr std::size_t kProgress = 16 << 10;   // bytes that a reader takes within limits.write
constexpr std::size_t kLeastPiece = 1 << 10;  // of a source: for less, what is there goes out first

void reset_at_close(int fd) noexcept {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace

Connection::Flow Connection::flush(bool last) noexcept {
  while (!out_.empty() && !gone_) {
    const Wire::Moved moved = wire_.write(out_.view(), last);
    if (moved.bytes > 0) {
      out_.consume(moved.bytes);
      note_progress(moved.bytes);
      continue;
    }
    if (moved.need == Wire::Need::writable) {
      shard_.watch_output(*this);
      if (write_since_ == 0) note_stall();
      return Flow::blocked;
    }
    lose();
  }
  if (gone_) {
    out_.clear();
    return Flow::gone;
  }
  write_since_ = 0;
  return Flow::done;
}

// A byte now and then is no progress.
void Connection::note_progress(std::size_t bytes) noexcept {
  write_progress_ += bytes;
  if (write_since_ != 0 && write_progress_ >= kProgress) note_stall();
}

void Connection::note_stall() noexcept {
  write_since_ = shard_.now();
  write_progress_ = 0;
}

Connection::Step Connection::send_answer() {
  if (!out_.empty() || request_->source) {
    if (has_left()) lose();
    const Flow flow = request_->source ? pump_source() : flush(!request_->keep);
    if (flow == Flow::blocked) {
      set_deadline(write_since_ + shard_.limits().write.count());
      return Step::wait;
    }
    if (flow == Flow::starved) {
      set_deadline(std::min(request_->alarm, request_->body_until));
      return Step::wait;
    }
    if (flow == Flow::gone) {
      end();
      return Step::again;
    }
  }
  return end_request();
}

// A reader as fast as we are keeps the thread, and the monitor then gives the lead to another.
Connection::Flow Connection::pump_source() noexcept {
  Request& request = *request_;
  const bool chunked = request.framing == Request::Framing::chunked;
  const bool has_length = request.framing == Request::Framing::length;
  const std::size_t around = chunked ? kMostChunkHead + 2 : 0;
  try {
    while (!gone_) {
      if (!request.source || out_.size() + around + kLeastPiece > Buffer::kBlock) {
        const Flow flow = flush(!request.source && !request.keep);
        if (flow != Flow::done || !request.source) return flow;
      }
      const std::size_t room = Buffer::kBlock - out_.size();
      const std::span<char> space = out_.space(room).first(room);
      std::span<char> into = space.subspan(around == 0 ? 0 : kMostChunkHead, room - around);
      if (has_length && request.left < into.size()) {
        into = into.first(static_cast<std::size_t>(request.left));
      }
      const Pulled got = into.empty() ? Pulled{} : request.source->read(into);
      switch (got.kind) {
        case Pulled::Kind::later: {
          const Flow flow = flush();
          return flow == Flow::done ? Flow::starved : flow;
        }
        case Pulled::Kind::broken:
          // Half an answer must not pass for a whole one: not even where its end is a FIN. Nor for
          // none, since browsers send a request again that a kept connection took without a byte.
          flush();
          if (request.framing == Request::Framing::until_close) reset_at_close(wire_.fd());
          lose();
          break;
        case Pulled::Kind::end:
          if (has_length && request.left > 0) lose();
          if (chunked) out_.append("0\r\n\r\n");
          request.source.reset();
          break;
        case Pulled::Kind::bytes:
          put_piece(space, into.first(got.bytes));
          break;
      }
    }
  } catch (const std::exception&) {
    lose();
  }
  return Flow::gone;
}

// `piece` lies in `space`, which is behind out_'s content: it becomes part of it.
void Connection::put_piece(std::span<char> space, std::span<char> piece) {
  Request& request = *request_;
  request.sent += piece.size();
  if (request.framing == Request::Framing::chunked) {
    std::array<char, kMostChunkHead> text;
    const std::string_view size = chunk_head(piece.size(), text);
    std::copy(size.begin(), size.end(), space.begin());
    std::copy(piece.begin(), piece.end(), space.begin() + static_cast<std::ptrdiff_t>(size.size()));
    out_.grow(size.size() + piece.size());
    out_.append("\r\n");
    return;
  }
  out_.grow(piece.size());
  if (request.framing != Request::Framing::length) return;
  request.left -= piece.size();
  if (request.left == 0) request.source.reset();
}

}  // namespace autohttps
