#include <autohttps/server/engine/connection.h>
#include <autohttps/server/engine/response_text.h>
#include <autohttps/server/engine/shard.h>
#include <autohttps/server/tls/local_address.h>

#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace autohttps {
namespace {

constexpr std::size_t kDiscardedAtOnce = 64 << 10;  // then others' turn

}  // namespace

void Connection::Request::clear() noexcept {
  constexpr std::size_t kKept = 4'096;
  scanner.reset();
  head.clear();
  in_buffer = 0;
  if (text.capacity() > kKept) {
    std::string().swap(text);
  } else {
    text.clear();
  }
  decoder = {};
  body.clear();
  received = 0;
  began = 0;
  body_done = true;
  body_fault = 0;
  intake = Intake::whole;
  continue_wanted = tunnelled = dispatched = false;
  pulled_at = 0;
  body_until = alarm = kNever;
  framing = Framing::text;
  begun = corked = answered = keep = false;
  source.reset();
  relay.reset();
  left = sent = 0;
  status = 0;
}

// Each thread keeps one for the next: a busy connection allocates nothing.
namespace {
using Spare = std::unique_ptr<void, void (*)(void*)>;
thread_local Spare spare_request(nullptr, [](void*) {});
}  // namespace

std::unique_ptr<Connection::Request> Connection::take_request() {
  if (void* const spare = spare_request.release()) {
    return std::unique_ptr<Request>(static_cast<Request*>(spare));
  }
  return std::make_unique<Request>();
}

void Connection::give_request_back(std::unique_ptr<Request> request) noexcept {
  request->clear();
  if (spare_request) return;
  spare_request =
      Spare(request.release(), [](void* spare) { delete static_cast<Request*>(spare); });
}

bool Connection::open(Arrival arrival) noexcept {
  address_ = arrival.address;
  gone_ = lingers_ = ended_ = false;
  shaking_ = arrival.tls != nullptr;
  served_ = 0;
  write_since_ = 0;
  watches_output = false;
  if (!wire_.open(std::move(arrival.fd), arrival.tls)) return false;
  const EngineLimits& limits = shard_.limits();
  phase_ = wire_.is_tls() ? Phase::handshake : Phase::head;
  set_deadline(shard_.now() + (wire_.is_tls() ? limits.handshake : limits.head_time).count());
  return true;
}

void Connection::close() noexcept {
  phase_ = Phase::over;
  shaking_ = false;
  deadline.store(kNever, std::memory_order_relaxed);
  is_idle.store(false, std::memory_order_relaxed);
  if (request_) {
    record(false);
    give_request_back(std::move(request_));
  }
  peer_.reset();
  in_.clear();
  out_.clear();
  wire_.close();
}

void Connection::set_deadline(std::int64_t at) noexcept {
  deadline.store(at, std::memory_order_relaxed);
  if (at < reminder.load(std::memory_order_relaxed)) shard_.remind(*this, at);
}

Connection::Next Connection::advance(unsigned what) noexcept {
  if ((what & (kSocket | kEnded)) != 0) wire_.note_event((what & kEnded) != 0);
  ended_ = ended_ || (what & kEnded) != 0;
  if (shard_.is_cut()) return Next::over;
  try {
    if ((what & kDue) != 0 && shard_.now() >= deadline.load(std::memory_order_relaxed)) {
      if (expire() == Step::wait) return Next::wait;
    }
    while (true) {
      Step step = Step::again;
      switch (phase_) {
        case Phase::handshake:
          step = shake_hands();
          break;
        case Phase::head:
          step = read_head();
          break;
        case Phase::body:
          step = read_body();
          break;
        case Phase::handler:
          step = after_exchange();
          break;
        case Phase::relay:
          step = run_relay();
          break;
        case Phase::answer:
          step = send_answer();
          break;
        case Phase::linger:
          step = discard();
          break;
        case Phase::over:
          return Next::over;
      }
      if (step == Step::wait) return Next::wait;
      if (step == Step::kept) return Next::kept;
    }
  } catch (const std::exception&) {
    return Next::over;  // no memory for this one; the others go on
  }
}

Connection::Step Connection::shake_hands() {
  switch (wire_.handshake()) {
    case Wire::Need::nothing:
      shaking_ = false;
      shard_.note_handshake(*this, true);
      if (wire_.was_for_challenge()) {
        lingers_ = true;
        return end_connection();
      }
      phase_ = Phase::head;
      set_deadline(shard_.now() + shard_.limits().head_time.count());
      return Step::again;
    case Wire::Need::readable:
      return Step::wait;
    case Wire::Need::writable:
      shard_.watch_output(*this);
      return Step::wait;
    case Wire::Need::certificate:
      wire_.tls().when_certificate_is_ready(shard_.nudge_later(*this));
      return Step::wait;
    case Wire::Need::closed:
    case Wire::Need::failed:
      break;
  }
  end();
  return Step::again;
}

Connection::Next Connection::run_handler() noexcept {
  hand_off_.store(kRunning, std::memory_order_relaxed);
  shard_.sink().handle(ExchangePtr(this));
  std::uint8_t running = kRunning;
  if (hand_off_.compare_exchange_strong(running, kDetached, std::memory_order_acq_rel)) {
    return Next::kept;  // until it is dropped
  }
  return Next::wait;
}

void Connection::drop() noexcept {
  if (hand_off_.exchange(kDropped, std::memory_order_acq_rel) == kDetached) shard_.resume(*this);
}

Connection::Step Connection::after_exchange() {
  if (request_->answered) {
    phase_ = Phase::answer;
  } else if (request_->relay && !gone_) {
    phase_ = Phase::relay;
  } else {
    end();  // without an answer there is nothing to be said
  }
  return Step::again;
}

Connection::Step Connection::run_relay() {
  Request& request = *request_;
  if (!has_left()) request.relay->advance(*this);
  if (gone_ || has_left()) {
    end();
    return Step::again;
  }
  if (request.answered) {
    phase_ = Phase::answer;
    return Step::again;
  }
  set_deadline(std::min(request.alarm, request.body_until));
  return Step::wait;
}

// Who has sent a whole request and then FIN has most likely gone: a relay does not work for nobody.
bool Connection::has_left() const noexcept {
  return ended_ && request_->relay && request_->body_done && !request_->tunnelled;
}

// RequestSink::answered().
void Connection::record(bool whole) noexcept {
  const Request& request = *request_;
  if (!request.dispatched && request.status == 0) return;
  shard_.note_answer(request.status, request.sent, request.dispatched);
  if (!shard_.sink().keeps_records()) return;
  RequestRecord record{request.head, peer(), server_name()};
  record.secure = wire_.is_tls();
  record.status = request.status;
  record.body_bytes = request.sent;
  if (request.dispatched) {
    record.took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - request.arrived);
  }
  record.whole = whole && request.status != 0;
  shard_.sink().answered(record);
}

// The answer is out.
Connection::Step Connection::end_request() {
  const bool whole = request_->body_done;
  const bool keep = request_->keep && whole && !gone_ && !shard_.is_draining();
  lingers_ = lingers_ || !whole || request_->tunnelled;
  record(!gone_);
  if (request_->in_buffer > 0) in_.consume(request_->in_buffer);
  give_request_back(std::move(request_));
  if (!keep) return end_connection();
  phase_ = Phase::head;
  set_deadline(shard_.now() + shard_.limits().idle.count());
  return Step::again;
}

// Closing over unread bytes resets the connection, and our last answer with it: what the client
// still sends is taken in for a while (RFC 9112 9.6).
Connection::Step Connection::end_connection() {
  if (gone_) {
    end();
    return Step::again;
  }
  if (!lingers_ && in_.empty()) {
    wire_.end_tls();
    end();
    return Step::again;
  }
  wire_.end_writing();
  in_.clear();
  phase_ = Phase::linger;
  set_deadline(shard_.now() + shard_.limits().linger.count());
  return Step::again;
}

Connection::Step Connection::discard() {
  char bytes[4'096];
  for (std::size_t taken = 0; taken < kDiscardedAtOnce;) {
    const ssize_t count = ::recv(wire_.fd(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return Step::wait;
    if (count <= 0) {
      end();
      return Step::again;
    }
    taken += static_cast<std::size_t>(count);
  }
  // There may be more, of which no edge will tell.
  shard_.nudge(*this);
  return Step::wait;
}

Connection::Step Connection::expire() {
  deadline.store(kNever, std::memory_order_relaxed);
  switch (phase_) {
    case Phase::handshake:
      shard_.count(Count::late_handshake);
      break;
    case Phase::head:
      if (request_) {
        shard_.count(Count::late_head);
        return refuse(408, "");
      }
      shard_.count(served_ > 0 ? Count::late_idle : Count::late_head);
      wire_.end_tls();
      break;
    case Phase::body:
      shard_.count(Count::late_body);
      return refuse(408, "");
    case Phase::answer:
      if (write_since_ == 0 || shard_.now() < write_since_ + shard_.limits().write.count()) {
        return Step::again;  // an alarm
      }
      shard_.count(Count::late_write);
      break;
    case Phase::handler:
      return Step::wait;
    case Phase::relay:
      return Step::again;
    case Phase::linger:
    case Phase::over:
      break;
  }
  end();
  return Step::again;
}

Connection::Step Connection::count_refusal(int status, std::string_view reason) {
  const bool large = status == 413 || status == 414 || status == 431;
  shard_.count(large ? Count::too_large : Count::bad_requests);
  return refuse(status, reason);
}

Connection::Step Connection::refuse(int status, std::string_view reason) {
  if (!request_) request_ = take_request();
  const bool to_head = request_->head.method == "HEAD";
  // Its views are of in_.
  if (!request_->dispatched) {
    request_->head.clear();
  } else if (request_->text.empty()) {
    keep_head_apart();
  }
  in_.clear();
  request_->in_buffer = 0;
  request_->keep = false;
  request_->answered = true;
  request_->status = status;
  lingers_ = true;
  out_.append(refusal(status, reason, to_head));
  phase_ = Phase::answer;
  return Step::again;
}

std::string_view Connection::server_name() const noexcept {
  return wire_.is_tls() ? wire_.tls().server_name() : std::string_view();
}

const Peer& Connection::peer() noexcept {
  if (peer_) return *peer_;
  static const Peer kUnknown;
  try {
    auto peer = std::make_unique<Peer>();
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getpeername(wire_.fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0) {
      peer->remote_ip = ip_text(address);
      peer->remote_port = port_of(address);
    }
    ucred other{};
    socklen_t other_size = sizeof other;
    if (address.ss_family == AF_UNIX &&
        ::getsockopt(wire_.fd(), SOL_SOCKET, SO_PEERCRED, &other, &other_size) == 0) {
      peer->remote_port = other.pid;
    }
    size = sizeof address;
    if (::getsockname(wire_.fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0) {
      peer->local_ip = ip_text(address);
      peer->local_port = port_of(address);
    }
    peer_ = std::move(peer);
  } catch (const std::exception&) {
    return kUnknown;
  }
  return *peer_;
}

}  // namespace autohttps
