#include <autohttps/server/engine/connection.h>
#include <autohttps/server/engine/shard.h>

#include <poll.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

// From the first byte of a request to its handler.
namespace autohttps {
namespace {

constexpr std::int64_t kBodyRate = 1'024;  // bytes a second that keep a body going
constexpr std::size_t kSkimmed = 64 << 10;

}  // namespace

// More into in_. `again`: something came, or the connection is over.
Connection::Step Connection::fill() {
  if (wire_.drained()) {
    if (!in_.empty()) in_.shrink();
    return Step::wait;
  }
  const Wire::Moved moved = wire_.read(in_.space(1));
  if (moved.bytes > 0) {
    in_.grow(moved.bytes);
    return Step::again;
  }
  if (in_.empty()) {
    in_.clear();
  } else {
    in_.shrink();
  }
  if (moved.need == Wire::Need::readable) return Step::wait;
  if (moved.need == Wire::Need::writable) {
    shard_.watch_output(*this);
    return Step::wait;
  }
  if (moved.need == Wire::Need::closed && phase_ == Phase::body) {
    return count_refusal(400, "the body ended too early");
  }
  end();
  return Step::again;
}

Connection::Step Connection::read_head() {
  if (in_.empty()) {
    // Who has not been served yet still is: it may have been on its way when we were told to stop.
    const bool last_look = shard_.is_draining() && served_ > 0;
    if (last_look) wire_.note_event(false);
    is_idle.store(served_ > 0, std::memory_order_relaxed);
    const Step step = fill();
    if (step == Step::wait && last_look) return end_connection();
    if (step != Step::again || phase_ != Phase::head) return step;
    is_idle.store(false, std::memory_order_relaxed);
  }
  if (!request_) request_ = take_request();
  const HeadResult result =
      request_->scanner.scan(in_.view(), shard_.limits().head, request_->head);
  switch (result.kind) {
    case HeadResult::Kind::complete:
      request_->in_buffer = result.consumed;
      return take_head();
    case HeadResult::Kind::refused:
      return count_refusal(result.status, result.reason);
    case HeadResult::Kind::incomplete:
      break;
  }
  if (request_->began == 0) {
    request_->began = shard_.now();
    if (served_ > 0) set_deadline(request_->began + shard_.limits().head_time.count());
  }
  return fill();
}

Connection::Step Connection::take_head() {
  Request& request = *request_;
  ++served_;
  shard_.note_request();
  request.dispatched = true;
  if (shard_.sink().keeps_records()) request.arrived = std::chrono::steady_clock::now();
  request.body_done = !request.head.chunked && request.head.length.value_or(0) == 0;
  if (request.body_done) return dispatch();
  if (request.head.length.value_or(0) > shard_.limits().body) {
    return count_refusal(413, "");
  }
  return begin_body();
}

// The head's bytes make room for the body's.
void Connection::keep_head_apart() {
  Request& request = *request_;
  const char* const before = request.head.text.data();
  request.text.assign(request.head.text);
  const auto moved = [&](std::string_view& view) {
    if (!view.empty()) view = {request.text.data() + (view.data() - before), view.size()};
  };
  HeadView& head = request.head;
  for (std::string_view* view : {&head.text, &head.method, &head.target, &head.version,
                                 &head.authority, &head.resource, &head.host}) {
    moved(*view);
  }
  for (FieldView& field : head.fields) {
    moved(field.name);
    moved(field.value);
  }
  in_.consume(request.in_buffer);
  request.in_buffer = 0;
}

Connection::Step Connection::begin_body() {
  Request& request = *request_;
  keep_head_apart();
  request.began = shard_.now();
  request.intake = shard_.sink().intake(request.head, server_name());
  if (request.intake == Intake::streamed) return dispatch();
  request.continue_wanted = request.head.expects_continue && in_.empty();
  if (request.intake == Intake::pulled) {
    request.pulled_at = request.began;
    return dispatch();
  }
  phase_ = Phase::body;
  set_deadline(request.began + shard_.limits().body_time.count());
  return Step::again;
}

// The next piece of the body, at most so long: the first `in_buffer` bytes of in_, to be consumed
// by the caller, have it in them.
Connection::Taken Connection::take_piece(std::string_view& piece, std::size_t most) {
  Request& request = *request_;
  piece = {};
  if (request.body_done) return Taken::done;
  if (request.head.chunked) {
    while (!in_.empty()) {
      std::string_view input = in_.view().substr(0, most);
      const std::size_t before = input.size();
      const ChunkedDecoder::State state = request.decoder.decode(input, piece);
      if (state == ChunkedDecoder::State::bad) return Taken::bad;
      request.in_buffer = before - input.size();
      request.body_done = state == ChunkedDecoder::State::done;
      if (!piece.empty()) break;
      in_.consume(std::exchange(request.in_buffer, 0));
      if (request.body_done) return Taken::done;
    }
  } else {
    const std::uint64_t left = *request.head.length - request.received;
    piece = in_.view().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, most)));
    request.in_buffer = piece.size();
    request.body_done = piece.size() == left;
  }
  request.received += piece.size();
  return piece.empty() ? Taken::more : Taken::piece;
}

Connection::Step Connection::read_body() {
  Request& request = *request_;
  const EngineLimits& limits = shard_.limits();
  while (true) {
    std::string_view piece;
    const Taken taken = take_piece(piece);
    if (taken == Taken::bad) return count_refusal(400, "bad chunk");
    if (taken == Taken::done) return dispatch();
    if (taken == Taken::more) break;
    if (request.received > limits.body) return count_refusal(413, "");
    if (!request.body.append(piece, limits.body_in_memory, limits.body_folder)) {
      return refuse(507, "");
    }
    in_.consume(std::exchange(request.in_buffer, 0));
  }
  if (request.continue_wanted) {
    request.continue_wanted = false;
    out_.append("HTTP/1.1 100 Continue\r\n\r\n");
    if (flush() == Flow::gone) {
      end();
      return Step::again;
    }
  }
  set_deadline(request.began + limits.body_time.count() +
               static_cast<std::int64_t>(request.received) * 1'000 / kBodyRate);
  return fill();
}

Connection::Step Connection::dispatch() {
  phase_ = Phase::handler;
  deadline.store(kNever, std::memory_order_relaxed);
  // Who reads a body as it comes will wait for it, who pulls it never will.
  const bool may_run =
      request_->intake == Intake::pulled ||
      (shard_.may_run() && (request_->intake == Intake::whole || give_lead_away()));
  if (may_run) return run_handler() == Next::kept ? Step::kept : Step::again;
  if (shard_.queue(*this)) return Step::kept;
  shard_.count(Count::busy);
  return refuse(503, "");
}

// ---- a body that is read as it comes

std::size_t Connection::read(std::span<char> into) noexcept {
  Request& request = *request_;
  if (request.intake == Intake::whole) return request.body.read(into);
  while (!into.empty() && request.body_fault == 0 && !gone_) {
    std::string_view piece;
    switch (take_piece(piece, into.size())) {
      case Taken::piece:
        if (request.received > shard_.limits().body) {
          shard_.count(Count::too_large);
          break_body(413);
          return 0;
        }
        std::copy(piece.begin(), piece.end(), into.begin());
        in_.consume(std::exchange(request.in_buffer, 0));
        return piece.size();
      case Taken::done:
        return 0;
      case Taken::bad:
        shard_.count(Count::bad_requests);
        break_body(400);
        return 0;
      case Taken::more:
        if (!stream_more()) return 0;
    }
  }
  return 0;
}

// False: no more of it.
bool Connection::stream_more() noexcept {
  const std::int64_t until = request_->began + shard_.limits().body_time.count() +
                             static_cast<std::int64_t>(request_->received) * 1'000 / kBodyRate;
  if (!flush_or_wait()) return false;
  try {
    while (true) {
      const Wire::Moved moved = wire_.read(in_.space(1));
      if (moved.bytes > 0) {
        in_.grow(moved.bytes);
        return true;
      }
      if (moved.need != Wire::Need::readable && moved.need != Wire::Need::writable) break;
      const short events = moved.need == Wire::Need::readable ? POLLIN : POLLOUT;
      if (!wait_socket(events, until, Count::late_body)) {
        break_body(408);
        return false;
      }
      wire_.note_event(false);
    }
  } catch (const std::exception&) {
    // No memory: as if it had ended.
  }
  break_body(400);
  return false;
}

Pulled Connection::pull(std::span<char> into) noexcept {
  Request& request = *request_;
  if (gone_ || into.empty()) return {Pulled::Kind::broken};
  try {
    if (request.tunnelled) return pull_raw(into);
    if (request.intake != Intake::whole) return pull_more(into);
  } catch (const std::exception&) {
    break_body(400);
    return {Pulled::Kind::broken};
  }
  if (const std::size_t got = request.body.read(into)) return Pulled::some(got);
  return {request.body.failed() ? Pulled::Kind::broken : Pulled::Kind::end};
}

Pulled Connection::pull_more(std::span<char> into) {
  Request& request = *request_;
  const EngineLimits& limits = shard_.limits();
  // The client is not late while nobody asks it for more.
  if (request.pulled_at != 0) request.began += shard_.now() - request.pulled_at;
  request.pulled_at = 0;
  request.body_until = kNever;
  while (request.body_fault == 0) {
    std::string_view piece;
    const Taken taken = take_piece(piece, into.size());
    if (taken == Taken::done) return {Pulled::Kind::end};
    if (taken == Taken::bad) {
      shard_.count(Count::bad_requests);
      break_body(400);
    } else if (taken == Taken::piece && request.received > limits.body) {
      shard_.count(Count::too_large);
      break_body(413);
    } else if (taken == Taken::piece) {
      std::copy(piece.begin(), piece.end(), into.begin());
      in_.consume(std::exchange(request.in_buffer, 0));
      request.pulled_at = shard_.now();
      return Pulled::some(piece.size());
    } else {
      const Wire::Moved moved =
          wire_.drained() ? Wire::Moved{0, Wire::Need::readable} : wire_.read(in_.space(1));
      if (moved.bytes > 0) {
        in_.grow(moved.bytes);
        continue;
      }
      if (in_.empty()) in_.clear();
      if (moved.need == Wire::Need::writable) shard_.watch_output(*this);
      if (moved.need != Wire::Need::readable && moved.need != Wire::Need::writable) {
        break_body(400);
        break;
      }
      if (std::exchange(request.continue_wanted, false) && !request.begun) {
        out_.append("HTTP/1.1 100 Continue\r\n\r\n");
        flush();
      }
      request.body_until = request.began + limits.body_time.count() +
                           static_cast<std::int64_t>(request.received) * 1'000 / kBodyRate;
      if (shard_.now() < request.body_until) return {Pulled::Kind::later};
      shard_.count(Count::late_body);
      break_body(408);
    }
  }
  return {Pulled::Kind::broken};
}

Pulled Connection::pull_raw(std::span<char> into) {
  if (!in_.empty()) {
    const std::size_t count = std::min(in_.size(), into.size());
    std::copy_n(in_.view().begin(), count, into.begin());
    in_.consume(count);
    return Pulled::some(count);
  }
  if (wire_.drained()) return {Pulled::Kind::later};
  const Wire::Moved moved = wire_.read(into);
  if (moved.bytes > 0) return Pulled::some(moved.bytes);
  switch (moved.need) {
    case Wire::Need::writable:
      shard_.watch_output(*this);
      return {Pulled::Kind::later};
    case Wire::Need::closed:
      return {Pulled::Kind::end};
    case Wire::Need::failed:
      return {Pulled::Kind::broken};
    default:
      return {Pulled::Kind::later};
  }
}

// What has come of a body that nobody wants, so that the connection may be kept. Not waited for.
void Connection::skim_body() noexcept {
  Request& request = *request_;
  if (request.intake != Intake::pulled || request.continue_wanted) return;
  std::array<char, 4'096> piece;
  for (std::size_t taken = 0; taken < kSkimmed && !request.body_done;) {
    const Pulled got = pull(piece);
    if (got.kind != Pulled::Kind::bytes) return;
    taken += got.bytes;
  }
}

void Connection::break_body(int status) noexcept {
  request_->body_fault = status;
  request_->body_done = false;
}

bool Connection::body_failed() const noexcept {
  return request_->body_fault != 0 || request_->body.failed();
}

}  // namespace autohttps
