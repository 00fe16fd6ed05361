#include <autohttps/server/sites/proxy_relay.h>

#include <autohttps/common/strings.h>
#include <autohttps/server/engine/coarse_clock.h>
#include <autohttps/server/engine/response_text.h>
#include <autohttps/server/sites/forwarded_request.h>
#include <autohttps/server/sites/hop_fields.h>

#include <algorithm>
#include <exception>
#include <utility>

// From the upstream.
namespace autohttps {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRest{1'000};

// The answer's body, or the other end of a tunnel. The relay outlives it.
class ProxiedBody final : public BodySource {
 public:
  ProxiedBody(ProxyRelay& relay, Exchange& exchange, std::optional<std::uint64_t> length) noexcept
      : relay_(relay), exchange_(exchange), length_(length) {}
  std::optional<std::uint64_t> length() const noexcept override { return length_; }
  Pulled read(std::span<char> into) noexcept override { return relay_.read(exchange_, into); }

 private:
  ProxyRelay& relay_;
  Exchange& exchange_;
  const std::optional<std::uint64_t> length_;
};

// RFC 9110 7.8: one of those that were asked for.
bool is_wanted(std::string_view upgrade, std::string_view wanted) noexcept {
  while (true) {
    const std::string_view protocol = next_member(wanted);
    if (protocol.empty()) return false;
    if (equals_ignoring_case(protocol, upgrade)) return true;
  }
}

}  // namespace

// ---- its head

ProxyRelay::Way ProxyRelay::read_head(Exchange& exchange) {
  using Kind = ResponseScanner::Result::Kind;
  thread_local ResponseView view;  // keeps its memory for the next
  while (true) {
    Buffer& in = connection_->in();
    if (!in.empty()) {
      const ResponseScanner::Result result = scanner_.scan(in.view(), view);
      if (result.kind == Kind::refused) {
        return fail(exchange, 502, std::string("it answered with ") + result.reason);
      }
      if (result.kind == Kind::complete) {
        heard_ += result.consumed;
        if (view.status == 101) return begin_tunnel(exchange, view, result.consumed);
        if (view.status >= 200) {
          pass_on(exchange, view, result.consumed);
          return Way::done;
        }
        const Way way = take_interim(exchange, view);
        if (way == Way::done) return way;
        in.consume(result.consumed);
        if (way == Way::go_on) return way;
        continue;
      }
    }
    switch (connection_->fill().kind) {
      case Pulled::Kind::bytes:
        waits_since_ = 0;
        break;
      case Pulled::Kind::later:
        return wait(exchange);
      default:
        if (in.empty() && heard_ == 0) return recover(exchange);
        return fail(exchange, 502, "its answer broke off (" + connection_->trouble() + ")");
    }
  }
}

// RFC 9110 15.2. `go_on`: the body may be sent now; `wait`: look for the next head.
ProxyRelay::Way ProxyRelay::take_interim(Exchange& exchange, const ResponseView& view) {
  if (heard_ > ResponseScanner::kMostBytes) {
    return fail(exchange, 502, "it answered with interim responses without end");
  }
  if (view.status == 100) {
    if (upload_ != Upload::held) return Way::wait;
    upload_ = Upload::flowing;  // and the client is told when its body is pulled
    return Way::go_on;
  }
  if (!exchange.head().http11()) return Way::wait;
  std::string text = "HTTP/1.1 " + std::to_string(view.status) + " " +
                     std::string(status_phrase(view.status)) + "\r\n";
  for (const auto& [name, value] : fields_beyond_this_hop(view.fields)) {
    text += name + ": " + value + "\r\n";
  }
  // So little of it that it never waits for the client.
  exchange.begin_text(text + "\r\n");
  return Way::wait;
}

void ProxyRelay::pass_on(Exchange& exchange, const ResponseView& view, std::size_t head) {
  Answer answer;
  answer.foreign = true;
  answer.head = {view.status, fields_beyond_this_hop(view.fields)};
  const bool with_body = has_body(exchange.head().method, view.status);
  const std::optional<std::uint64_t> length = view.length;
  if (view.chunked) {
    framing_ = Framing::chunked;
  } else if (!length) {
    framing_ = Framing::until_end;
  }
  left_ = length.value_or(0);
  // RFC 9110 15.3.5: what such a one announces may still come, and be nobody's.
  const bool lies = view.status == 204 && (view.chunked || left_ > 0);
  keeps_open_ = view.keeps_open && !lies;
  idle_seconds_ = view.idle_seconds;
  // RFC 9110 10.1.1: who answers instead of saying 100 does not want the body.
  if (upload_ == Upload::held) upload_ = Upload::given_up;
  upstream_->health.note_success();
  connection_->in().consume(head);  // the view is void
  if (!with_body || length == 0U) {
    framing_ = Framing::length;
    left_ = 0;
    finish(exchange);
  }
  if (with_body || length) answer.body = std::make_unique<ProxiedBody>(*this, exchange, length);
  if (!with_body && !length && exchange.head().method == "HEAD") {
    answer.body = std::make_unique<ProxiedBody>(*this, exchange, std::nullopt);
  }
  if (request_.dresser) request_.dresser(exchange.head(), answer);
  exchange.respond(std::move(answer.head), std::move(answer.body));
}

// ---- its body

Pulled ProxyRelay::read(Exchange& exchange, std::span<char> into) noexcept {
  if (connection_) connection_->note_event();
  try {
    return is_tunnel_ ? move_tunnel(exchange, into) : read_body(exchange, into);
  } catch (const std::exception&) {
    return break_off();  // no memory
  }
}

Pulled ProxyRelay::read_body(Exchange& exchange, std::span<char> into) {
  if (finished_) return {};
  if (!connection_ || into.empty()) return {Pulled::Kind::broken};
  // An early answer: what it does not take of the body any more is not worth more than that.
  if (upload_ == Upload::flowing && send(exchange) != Sent::now) upload_ = Upload::given_up;
  while (true) {
    Buffer& in = connection_->in();
    if (!in.empty()) {
      const Pulled got = take_buffered(exchange, into);
      if (got.kind != Pulled::Kind::later) return got;
    }
    Pulled got;
    if (framing_ == Framing::chunked) {
      got = connection_->fill();
      if (got.kind == Pulled::Kind::bytes) {
        waits_since_ = 0;
        continue;
      }
    } else {
      const std::size_t most =
          framing_ == Framing::length
              ? static_cast<std::size_t>(std::min<std::uint64_t>(left_, into.size()))
              : into.size();
      got = connection_->read(into.first(most));
    }
    switch (got.kind) {
      case Pulled::Kind::bytes:
        return count_body(exchange, got);
      case Pulled::Kind::later:
        return wait_for_body(exchange);
      case Pulled::Kind::end:
        if (framing_ != Framing::until_end) return break_off();
        finish(exchange);
        return {};
      case Pulled::Kind::broken:
        return break_off();
    }
  }
}

// Later: there was only framing in it.
Pulled ProxyRelay::take_buffered(const Exchange& exchange, std::span<char> into) {
  if (framing_ == Framing::chunked) return take_chunks(exchange, into);
  Buffer& in = connection_->in();
  std::size_t count = std::min(in.size(), into.size());
  if (framing_ == Framing::length) {
    count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, count));
  }
  std::copy_n(in.view().begin(), count, into.begin());
  in.consume(count);
  return count_body(exchange, Pulled::some(count));
}

Pulled ProxyRelay::take_chunks(const Exchange& exchange, std::span<char> into) {
  using State = ChunkedDecoder::State;
  Buffer& in = connection_->in();
  std::size_t filled = 0;
  State state = State::more;
  while (state == State::more && !in.empty() && filled < into.size()) {
    std::string_view input = in.view().substr(0, into.size() - filled);
    const std::size_t before = input.size();
    std::string_view data;
    state = decoder_.decode(input, data);
    std::copy(data.begin(), data.end(), into.begin() + static_cast<std::ptrdiff_t>(filled));
    filled += data.size();
    in.consume(before - input.size());
  }
  if (state == State::bad) return break_off();
  if (state == State::done) finish(exchange);
  if (filled > 0) return count_body(exchange, Pulled::some(filled));
  return {state == State::done ? Pulled::Kind::end : Pulled::Kind::later};
}

Pulled ProxyRelay::count_body(const Exchange& exchange, Pulled got) noexcept {
  waits_since_ = 0;
  if (framing_ == Framing::length) {
    left_ -= got.bytes;
    if (left_ == 0) finish(exchange);
  }
  return got;
}

// What has been sent of it is cut off: half an answer must not look whole.
Pulled ProxyRelay::break_off() noexcept {
  if (upstream_ != nullptr) upstream_->failures.fetch_add(1, std::memory_order_relaxed);
  leave();
  return {Pulled::Kind::broken};
}

Pulled ProxyRelay::wait_for_body(Exchange& exchange) noexcept {
  const std::int64_t now = coarse_milliseconds();
  if (waits_since_ == 0) waits_since_ = now;
  const std::int64_t until = waits_since_ + group_->options().silence.count();
  if (now >= until) return break_off();
  exchange.set_alarm(milliseconds(until - now));
  return {Pulled::Kind::later};
}

// The connection may carry another request, if nothing of this one is left in it.
void ProxyRelay::finish(const Exchange& exchange) noexcept {
  finished_ = true;
  const bool clean = upload_ == Upload::none && connection_->in().empty() &&
                     connection_->out().empty() && framing_ != Framing::until_end;
  if (keeps_open_ && clean) {
    milliseconds idle = UpstreamPool::kIdle;
    // Who closes at its own time may do so when our next request is under way.
    if (idle_seconds_ > 0) {
      const std::chrono::seconds told(idle_seconds_ - 1);
      idle = std::min(idle, std::chrono::duration_cast<milliseconds>(told));
    }
    if (upstream_->pool.put(std::move(connection_), &exchange, idle) && keeper_) keeper_->wake();
  }
  leave();
}

// ---- after 101

ProxyRelay::Way ProxyRelay::begin_tunnel(Exchange& exchange, const ResponseView& view,
                                         std::size_t head) {
  if (!is_wanted(view.upgrade, wanted_upgrade(exchange.head()))) {
    return fail(exchange, 502, "it switched to a protocol that was not asked for");
  }
  ResponseHead answer{101, fields_beyond_this_hop(view.fields)};
  answer.fields.emplace_back("Upgrade", view.upgrade);
  upstream_->health.note_success();
  connection_->in().consume(head);  // the view is void
  is_tunnel_ = true;
  framing_ = Framing::until_end;
  closes_anyway_ = exchange.must_close();
  moved_at_ = coarse_milliseconds();
  exchange.tunnel(std::move(answer), std::make_unique<ProxiedBody>(*this, exchange, std::nullopt));
  return Way::done;
}

// Some of what the client sends. True: there may be more at once.
bool ProxyRelay::send_tunnelled(Exchange& exchange) {
  constexpr int kAtOnce = 8;  // pieces, then the other direction's turn
  Buffer& out = connection_->out();
  for (int i = 0; i < kAtOnce; ++i) {
    const UpstreamConnection::Flow flow = connection_->flush();
    if (flow == UpstreamConnection::Flow::blocked || client_ended_) return false;
    if (flow == UpstreamConnection::Flow::failed) {
      client_ended_ = true;  // it takes no more; what it has said before is still to be heard
      return false;
    }
    const Pulled got = exchange.pull(out.space(1));
    if (got.kind == Pulled::Kind::bytes) {
      out.grow(got.bytes);
      moved_at_ = coarse_milliseconds();
      continue;
    }
    out.clear();
    if (got.kind == Pulled::Kind::later) return false;
    client_ended_ = true;
    if (got.kind == Pulled::Kind::end) connection_->end_writing();
    return false;
  }
  return true;
}

Pulled ProxyRelay::move_tunnel(Exchange& exchange, std::span<char> into) {
  if (!connection_) return {Pulled::Kind::broken};
  Pulled got;
  bool more = true;
  while (more && got.kind != Pulled::Kind::bytes) {
    more = send_tunnelled(exchange);
    got = connection_->in().empty() ? connection_->read(into) : take_buffered(exchange, into);
    if (got.kind == Pulled::Kind::end || got.kind == Pulled::Kind::broken) {
      leave();
      return {};  // either way, what it has said before is still the client's
    }
  }
  const std::int64_t now = coarse_milliseconds();
  if (got.kind == Pulled::Kind::bytes) {
    moved_at_ = now;
    return got;
  }
  // A server that stops does not wait for conversations that have come to rest.
  const bool stops = exchange.must_close() && !closes_anyway_;
  const milliseconds most = stops ? kRest : group_->options().tunnel_idle;
  const std::int64_t until = moved_at_ + most.count();
  if (now >= until) {
    leave();
    return {};
  }
  exchange.set_alarm(milliseconds(until - now));
  return {Pulled::Kind::later};
}

}  // namespace autohttps
