#include <autohttps/server/sites/proxy_relay.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/engine/coarse_clock.h>
#include <autohttps/server/sites/forwarded_request.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <utility>

// Towards the upstream.
namespace autohttps {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kContinue{1'000};  // RFC 9110 10.1.1: nobody waits for a 100 for ever
constexpr std::size_t kLeastPiece = 1'024;
constexpr std::size_t kSkimmed = 64 << 10;
constexpr std::size_t kSizeDigits = 4;               // of a chunk below 64 KiB
constexpr std::size_t kChunkHead = kSizeDigits + 2;  // CRLF
constexpr std::size_t kAround = kChunkHead + 2;
static_assert(Buffer::kBlock < 0x10000);

// RFC 9110 9.2.2.
bool is_idempotent(std::string_view method) noexcept {
  for (const char* each : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"}) {
    if (method == each) return true;
  }
  return false;
}

std::string seconds(milliseconds time) {
  constexpr int kSecond = 1'000;
  if (time.count() % kSecond != 0) return std::to_string(time.count()) + " ms";
  return std::to_string(time.count() / kSecond) + " s";
}

// Puts a chunk's size before its data, which begins kChunkHead behind the buffer's content.
void frame_chunk(Buffer& out, std::span<char> space, std::size_t size) {
  std::array<char, kChunkHead> text;
  char* end = std::to_chars(text.data(), text.data() + kSizeDigits, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  const auto head = static_cast<std::size_t>(end - text.data());
  std::copy(text.data(), end, space.begin());
  std::copy_n(space.begin() + kChunkHead, size, space.begin() + static_cast<std::ptrdiff_t>(head));
  out.grow(head + size);
  out.append("\r\n");
}

}  // namespace

ProxyRelay::ProxyRelay(std::shared_ptr<UpstreamGroup> group, std::shared_ptr<PoolKeeper> keeper,
                       ProxiedRequest request)
    : group_(std::move(group)), keeper_(std::move(keeper)), request_(std::move(request)) {}

ProxyRelay::~ProxyRelay() { leave(); }

void ProxyRelay::advance(Exchange& exchange) noexcept {
  if (connection_) connection_->note_event();
  try {
    while (step(exchange) == Way::go_on) {
    }
  } catch (const std::exception&) {
    leave();  // no memory for this one
    exchange.abandon();
  }
}

ProxyRelay::Way ProxyRelay::step(Exchange& exchange) {
  if (!connection_ && !begin(exchange)) return Way::done;
  switch (send(exchange)) {
    case Sent::now:
      // An answer to what has just gone out is not there yet: its event will come.
      if (!std::exchange(has_waited_, true)) return wait(exchange);
      break;
    case Sent::upstream_failed:
      if (!connection_->is_established()) return recover(exchange);
      upload_ = Upload::given_up;  // and it may have said why
      break;
    case Sent::client_failed:
      leave();
      answer(exchange, 400);  // the engine knows better
      return Way::done;
    case Sent::too_large:
      leave();
      answer(exchange, 413);
      return Way::done;
  }
  return read_head(exchange);
}

// ---- whom to ask

// False: answered.
bool ProxyRelay::begin(Exchange& exchange) {
  const HeadView& head = exchange.head();
  if (request_.max_body > 0 && head.length.value_or(0) > request_.max_body) {
    answer(exchange, 413);
    return false;
  }
  if (goes_in_a_circle(head)) {
    answer(exchange, 508);
    return false;
  }
  while ((upstream_ = group_->choose(tried_)) != nullptr) {
    upstream_->active.fetch_add(1, std::memory_order_relaxed);
    upstream_->requests.fetch_add(1, std::memory_order_relaxed);
    auto kept = upstream_->pool.take(&exchange);
    const Opened opened = kept ? take(exchange, std::move(kept)) : connect(exchange);
    if (opened != Opened::nowhere) return opened == Opened::yes;
    note_failure();
    leave();
  }
  answer(exchange, status_);
  return false;
}

ProxyRelay::Opened ProxyRelay::connect(Exchange& exchange) {
  addresses_ = addresses();
  next_address_ = 0;
  connect_until_ = coarse_milliseconds() + group_->options().connect.count();
  return open_next(exchange);
}

// Null: trouble_ says why.
UpstreamAddresses::List ProxyRelay::addresses() {
  bool old = false;
  UpstreamAddresses::List known = upstream_->addresses.known(old);
  if (known) {
    if (old && keeper_) keeper_->wake();
    return known;
  }
  status_ = 502;
  trouble_ = "no thread is free to look up its name";
  return give_lead_away() ? upstream_->addresses.look_up(trouble_) : nullptr;
}

// `nowhere`: no address is left, and trouble_ says why the last was none.
ProxyRelay::Opened ProxyRelay::open_next(Exchange& exchange) {
  while (addresses_ && next_address_ < addresses_->size()) {
    const std::int64_t now = coarse_milliseconds();
    const auto others = static_cast<std::int64_t>(addresses_->size() - next_address_);
    address_until_ = now + std::max<std::int64_t>((connect_until_ - now) / others, 1);
    const SocketAddress& address = (*addresses_)[next_address_++];
    std::string trouble;
    auto opened = UpstreamConnection::begin(address, upstream_->tls.get(), trouble);
    if (opened) {
      upstream_->connections.fetch_add(1, std::memory_order_relaxed);
      return take(exchange, std::move(opened));
    }
    status_ = 502;
    trouble_ = "connecting: " + trouble;
  }
  return Opened::nowhere;
}

ProxyRelay::Opened ProxyRelay::take(Exchange& exchange,
                                    std::unique_ptr<UpstreamConnection> connection) {
  connection_ = std::move(connection);
  has_waited_ = has_sent_ = false;
  waits_since_ = 0;
  if (!exchange.watch(connection_->fd(), connection_->tag())) throw std::bad_alloc();
  if (write_head(exchange)) return Opened::yes;
  leave();
  answer(exchange, 400);
  return Opened::answered;
}

// False: something in it cannot be passed on.
bool ProxyRelay::write_head(Exchange& exchange) {
  const HeadView& head = exchange.head();
  ForwardedRequest forwarded;
  forwarded.base = upstream_->url.prefix;
  forwarded.target = request_.target;
  forwarded.prefix = request_.prefix;
  forwarded.host = group_->options().preserve_host && !head.host.empty()
                       ? head.host
                       : std::string_view(upstream_->url.authority);
  forwarded.peer = exchange.peer().remote_ip;
  forwarded.secure = exchange.ssl() != nullptr;
  forwarded.believed = is_in(group_->options().trusted_proxies, forwarded.peer);
  forwarded.upgrades = !wanted_upgrade(head).empty();
  forwarded.keeps_authorization = request_.keeps_authorization;
  thread_local std::string text;  // as long as the longest so far
  text.clear();
  if (!append_forwarded_request(text, head, forwarded)) return false;
  connection_->out().append(text);
  if (!head.has_body()) {
    upload_ = Upload::none;
  } else {
    upload_ = head.expects_continue ? Upload::held : Upload::flowing;
  }
  return true;
}

// ---- what is to be sent

ProxyRelay::Sent ProxyRelay::send(Exchange& exchange) {
  UpstreamConnection& upstream = *connection_;
  while (upload_ != Upload::given_up) {
    bool more = false;
    // Not before somebody is there to take it: until then the request may go elsewhere.
    if (upload_ == Upload::flowing && upstream.is_established()) {
      const Sent pulled = pull_piece(exchange, more);
      if (pulled != Sent::now) return pulled;
    }
    const bool was_established = upstream.is_established();
    const std::size_t before = upstream.out().size();
    const UpstreamConnection::Flow flow = upstream.flush();
    if (upstream.out().size() != before) {
      has_sent_ = true;
      waits_since_ = 0;
    }
    more = more || was_established != upstream.is_established();
    if (flow == UpstreamConnection::Flow::failed) return Sent::upstream_failed;
    if (flow == UpstreamConnection::Flow::blocked || !more) break;
  }
  return Sent::now;
}

// `more`: there may be more of the body at once, when what is there is out.
ProxyRelay::Sent ProxyRelay::pull_piece(Exchange& exchange, bool& more) {
  Buffer& out = connection_->out();
  more = true;
  if (out.size() + kAround + kLeastPiece > Buffer::kBlock) return Sent::now;
  const HeadView& head = exchange.head();
  const std::size_t room = Buffer::kBlock - out.size();
  const std::span<char> space = out.space(room).first(room);
  const std::span<char> into = head.chunked ? space.subspan(kChunkHead, room - kAround) : space;
  const Pulled got = exchange.pull(into);
  upload_begun_ = upload_begun_ || got.kind == Pulled::Kind::bytes;
  switch (got.kind) {
    case Pulled::Kind::bytes:
      waits_since_ = 0;
      uploaded_ += got.bytes;
      if (request_.max_body > 0 && uploaded_ > request_.max_body) return Sent::too_large;
      if (head.chunked) {
        frame_chunk(out, space, got.bytes);
      } else {
        out.grow(got.bytes);
        if (uploaded_ == *head.length) upload_ = Upload::none;
      }
      break;
    case Pulled::Kind::end:
      if (head.chunked) out.append("0\r\n\r\n");
      upload_ = Upload::none;
      break;
    case Pulled::Kind::later:
      more = false;
      break;
    case Pulled::Kind::broken:
      return Sent::client_failed;
  }
  if (out.empty()) out.clear();
  return Sent::now;
}

// ---- when it does not go well

// The connection failed before the answer's first byte. Once more, where nothing of the request can
// have been heeded twice (RFC 9110 9.2.2, RFC 9112 9.3.1), and its body is not half gone.
ProxyRelay::Way ProxyRelay::recover(Exchange& exchange) {
  status_ = 502;
  trouble_ = connection_->trouble();
  if (!connection_->is_established()) {
    trouble_ = "connecting: " + trouble_;
    return try_elsewhere(exchange);
  }
  const bool may_repeat = !has_sent_ || is_idempotent(exchange.head().method);
  if (!connection_->was_kept || is_again_ || upload_begun_ || !may_repeat) {
    return fail(exchange, 502, "it ended the connection before it answered (" + trouble_ + ")");
  }
  is_again_ = true;
  upstream_->retries.fetch_add(1, std::memory_order_relaxed);
  connection_.reset();
  const Opened opened = connect(exchange);
  if (opened == Opened::nowhere) return try_elsewhere(exchange);
  return opened == Opened::yes ? Way::go_on : Way::done;
}

// No connection to this address; nothing of the request has been sent.
ProxyRelay::Way ProxyRelay::try_elsewhere(Exchange& exchange) {
  connection_.reset();
  const Opened opened = open_next(exchange);
  if (opened != Opened::nowhere) return opened == Opened::yes ? Way::go_on : Way::done;
  note_failure();
  leave();
  return begin(exchange) ? Way::go_on : Way::done;
}

ProxyRelay::Way ProxyRelay::wait(Exchange& exchange) {
  const ProxyOptions& options = group_->options();
  const std::int64_t now = coarse_milliseconds();
  if (!connection_->is_established()) {
    if (now >= address_until_) {
      status_ = 504;
      trouble_ = "no connection within " + seconds(options.connect);
      return try_elsewhere(exchange);
    }
    exchange.set_alarm(milliseconds(address_until_ - now));
    return Way::wait;
  }
  if (upload_ == Upload::flowing && connection_->out().empty()) {
    exchange.set_alarm(milliseconds(0));  // the client owes us bytes, and the engine minds the time
    return Way::wait;
  }
  if (waits_since_ == 0) waits_since_ = now;
  const milliseconds most = upload_ == Upload::held ? kContinue : options.silence;
  const std::int64_t until = waits_since_ + most.count();
  if (now < until) {
    exchange.set_alarm(milliseconds(until - now));
    return Way::wait;
  }
  waits_since_ = 0;
  if (upload_ != Upload::held) {
    return fail(exchange, 504, "no answer within " + seconds(options.silence));
  }
  upload_ = Upload::flowing;
  return Way::go_on;
}

void ProxyRelay::note_failure() noexcept {
  upstream_->failures.fetch_add(1, std::memory_order_relaxed);
  upstream_->health.note_failure(trouble_, coarse_milliseconds());
}

// Of the upstream; what is unfinished there ends.
void ProxyRelay::leave() noexcept {
  connection_.reset();
  if (PlacedUpstream* const left = std::exchange(upstream_, nullptr)) {
    left->active.fetch_sub(1, std::memory_order_relaxed);
  }
}

ProxyRelay::Way ProxyRelay::fail(Exchange& exchange, int status, std::string trouble) {
  trouble_ = std::move(trouble);
  note_failure();
  leave();
  answer(exchange, status);
  return Way::done;
}

void ProxyRelay::answer(Exchange& exchange, int status) {
  // What has come of the body, so that the client's connection may be kept.
  if (upload_ != Upload::held && !exchange.head().expects_continue) {
    std::array<char, 4'096> piece;
    std::size_t taken = 0;
    while (taken < kSkimmed && exchange.pull(piece).kind == Pulled::Kind::bytes) {
      taken += piece.size();
    }
  }
  Answer answer = status_answer(status);
  if (request_.dresser) request_.dresser(exchange.head(), answer);
  exchange.respond(std::move(answer.head), std::move(answer.body));
}

}  // namespace autohttps
