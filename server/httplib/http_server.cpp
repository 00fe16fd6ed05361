#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/engine/counters.h>
#include <autohttps/server/engine/engine.h>
#include <autohttps/server/httplib/direct_call.h>
#include <autohttps/server/httplib/exchange_stream.h>
#include <autohttps/server/httplib/http_server.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

namespace autohttps {
namespace {

std::chrono::milliseconds as_duration(time_t seconds, time_t microseconds) {
  return std::chrono::seconds(seconds) + std::chrono::milliseconds(microseconds / 1000);
}

bool is_compressed(const HeadView& head) {
  return std::any_of(head.fields.begin(), head.fields.end(), [](const FieldView& field) {
    return equals_ignoring_case(field.name, "Content-Encoding") &&
           !equals_ignoring_case(field.value, "identity");
  });
}

}  // namespace

template <std::size_t RequestSize, long Version>
void httplib_flags_match() noexcept {}
template void
httplib_flags_match<sizeof(httplib::Request), httplib_version(CPPHTTPLIB_VERSION)>() noexcept;

// ---- requests

class HttpServer::Sink final : public RequestSink {
 public:
  explicit Sink(HttpServer& server) : server_(server) {}

  std::unique_ptr<httplib::TaskQueue> tasks;  // the user's; null: handlers run where they are met

  // Before listening, when the library's settings are what they will be.
  void start() {
    keep_alive_ = "timeout=" + std::to_string(server_.keep_alive_timeout_sec_) +
                  ", max=" + std::to_string(server_.keep_alive_max_count_);
  }

  void handle(ExchangePtr exchange) noexcept override {
    if (!server_.accepts_compressed_ && exchange->head().has_body() &&
        is_compressed(exchange->head())) {
      exchange->respond({415, {{"Accept-Encoding", "identity"}}}, nullptr);
      return;
    }
    if (tasks) return enqueue(std::move(exchange));
    answer(*exchange);
  }

  Intake intake(const HeadView& head, std::string_view) noexcept override {
    return head.expects_continue && server_.answers_expect_ ? Intake::streamed : Intake::whole;
  }

 private:
  // void before cpp-httplib 0.15, bool since.
  template <typename Tasks>
  static bool enqueue_in(Tasks& queue, std::function<void()> task) {
    if constexpr (std::is_void_v<decltype(queue.enqueue(task))>) {
      queue.enqueue(std::move(task));
      return true;
    } else {
      return queue.enqueue(std::move(task));
    }
  }

  void enqueue(ExchangePtr exchange) noexcept {
    try {
      const std::shared_ptr<Exchange> shared(std::move(exchange));
      if (!enqueue_in(*tasks, [this, shared] { answer(*shared); })) {
        shared->respond({503, {{"Retry-After", "1"}}}, nullptr);
      }
    } catch (const std::exception&) {
      // It is dropped, and its connection ends.
    }
  }

  void answer(Exchange& exchange) noexcept {
    try {
      bool closed = false;
      const bool last = exchange.must_close();
      const SlowPaths::Run run(paths_, exchange.head());
      const auto setup = [&](httplib::Request& request) { request.ssl = exchange.ssl(); };
      std::optional<bool> good;
      if (may_be_called_directly(server_, exchange.head())) {
        good = call_directly(server_, exchange, keep_alive_, setup);
      }
      if (!good) good = process(exchange, last, closed, setup);
      exchange.finish(*good && !closed && !last);
    } catch (...) {
      // Of a handler there is none here: the library has caught it. Without memory the connection
      // ends.
    }
  }

  bool process(Exchange& exchange, bool last, bool& closed,
               const std::function<void(httplib::Request&)>& setup) {
    ExchangeStream stream(exchange, server_.answers_expect_);
    return process_text(stream, exchange, last, closed, setup);
  }

  // cpp-httplib has been given the addresses itself since 0.18.
  template <typename AnyStream>
  bool process_text(AnyStream& stream, Exchange& exchange, bool last, bool& closed,
                    const std::function<void(httplib::Request&)>& setup) {
    HttpServer& server = server_;
    if constexpr (requires { server.process_request(stream, last, closed, setup); }) {
      return server.process_request(stream, last, closed, setup);
    } else {
      const Peer& peer = exchange.peer();
      return server.process_request(stream, peer.remote_ip, peer.remote_port, peer.local_ip,
                                    peer.local_port, last, closed, setup);
    }
  }

  HttpServer& server_;
  std::string keep_alive_;
  SlowPaths paths_;
};

// Hands everything on, and tells of the answers.
class HttpServer::Recorder final : public RequestSink {
 public:
  Recorder(RequestSink& sink, const std::function<void(const RequestRecord&)>& told)
      : sink_(sink), told_(told) {}

  void handle(ExchangePtr exchange) noexcept override { sink_.handle(std::move(exchange)); }
  Intake intake(const HeadView& head, std::string_view server_name) noexcept override {
    return sink_.intake(head, server_name);
  }
  bool keeps_records() const noexcept override { return true; }
  void answered(const RequestRecord& record) noexcept override {
    if (sink_.keeps_records()) sink_.answered(record);
    try {
      told_(record);
    } catch (const std::exception&) {
      // Whoever wants to know of requests must not cost one.
    }
  }

 private:
  RequestSink& sink_;
  const std::function<void(const RequestRecord&)>& told_;
};

// ---- cpp-httplib's accept loop

// The loop believes in this queue of connections, and in a listening socket that nobody knows: it
// sleeps in accept() while the engine serves the real one. So is_running() and wait_until_ready()
// are right, and stop() works also through a reference to the base: it closes the decoy.
class HttpServer::Front final : public httplib::TaskQueue {
 public:
  Front(HttpServer& server, bool takes_socket) : server_(server) {
    server_.sink_->tasks.reset(server_.new_task_queue ? server_.new_task_queue() : nullptr);
    engine_ = std::make_unique<Engine>(server_.limits_to_serve_with(), server_.first_sink(),
                                       server_.counters_);
    if (takes_socket) take_socket();
  }
  ~Front() override { end(std::chrono::milliseconds(0)); }

  // void before cpp-httplib 0.15, bool since.
  using EnqueueResult =
      decltype(std::declval<httplib::TaskQueue&>().enqueue(std::function<void()>()));
  EnqueueResult enqueue(std::function<void()> accepted) override {
    accepted();  // somebody rang, see stop(): the engine's connections do not come this way
    if (server_.state_ == kStopping) {
      // svr_sock_ is still valid: content providers run on until now.
      end(server_.limits_.drain);
      if (server_.svr_sock_ != INVALID_SOCKET) static_cast<httplib::Server&>(server_).stop();
    }
    return static_cast<EnqueueResult>(true);
  }
  void shutdown() override {
    end(std::chrono::milliseconds(server_.limits_.drain));
    OwnedFd(server_.doorbell_.exchange(-1)).reset();  // nobody rang
    server_.state_ = kIdle;
  }

  void adopt(OwnedFd connection) { engine_->adopt(std::move(connection), server_.tls_); }

 private:
  void take_socket() {
    const socket_t real = server_.svr_sock_;
    if (real == INVALID_SOCKET) return;  // stop() was faster
    OwnedFd decoy(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;  // and no name: the kernel finds one (unix(7), autobind)
    socklen_t size = sizeof(sa_family_t);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    OwnedFd bell(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!decoy || !bell || ::bind(decoy.get(), generic, size) != 0 ||
        ::listen(decoy.get(), 4) != 0) {
      throw_errno(ErrorCode::internal, "starting a server", errno, "");
    }
    size = sizeof address;
    ::getsockname(decoy.get(), generic, &size);
    server_.decoy_address_ = address;
    server_.decoy_address_size_ = size;
    server_.doorbell_ = bell.release();
    socket_t expected = real;
    if (!server_.svr_sock_.compare_exchange_strong(expected, decoy.get())) return;
    static_cast<void>(decoy.release());
    ::listen(real, kBacklog);  // cpp-httplib's is 5
    engine_->listen(OwnedFd(real), server_.tls_);
    server_.state_ = kRunning;
    if (server_.stop_wanted_) server_.stop();
  }

  void end(std::chrono::milliseconds most) noexcept {
    if (std::exchange(over_, true)) return;
    engine_->drain(most);
    if (server_.sink_->tasks) server_.sink_->tasks->shutdown();
    server_.sink_->tasks.reset();
  }

  static constexpr int kBacklog = 4'096;
  HttpServer& server_;
  std::unique_ptr<Engine> engine_;
  bool over_ = false;
};

HttpServer::HttpServer()
    : counters_(std::make_shared<Counters>()), sink_(std::make_unique<Sink>(*this)) {
  httplib::Server::new_task_queue = [this]() -> httplib::TaskQueue* {
    return std::make_unique<Front>(*this, true).release();  // cpp-httplib owns it
  };
  // cpp-httplib's tuning macros have no effect on a compiled library: its members have.
  set_limits({});
  // Not SO_REUSEPORT, as the library has it: another process would share the port unnoticed.
  set_socket_options([](socket_t socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
        response.status = 500;  // and not a word of what() (CVE-2026-28434)
      });
}

void HttpServer::end_connections() noexcept {
  const std::lock_guard lock(mutex_);
  lazy_front_.reset();
}

HttpServer::~HttpServer() {
  end_connections();
  const socket_t listening = svr_sock_.exchange(INVALID_SOCKET);
  if (listening != INVALID_SOCKET) ::close(listening);
}

HttpServer& HttpServer::set_expect_100_continue_handler(Expect100ContinueHandler handler) {
  answers_expect_ = static_cast<bool>(handler);
  httplib::Server::set_expect_100_continue_handler(std::move(handler));
  return *this;
}

void HttpServer::set_limits(const EngineLimits& limits) {
  using std::chrono::duration_cast;
  limits_ = limits;
  payload_max_length_ = limits.body;
  keep_alive_max_count_ = limits.requests_per_connection;
  keep_alive_timeout_sec_ = duration_cast<std::chrono::seconds>(limits.idle).count();
  set_read_timeout(limits.body_time);
  set_write_timeout(limits.write);
}

EngineLimits HttpServer::limits_to_serve_with() const {
  EngineLimits limits = limits_;
  limits.body = payload_max_length_;
  limits.requests_per_connection = std::max<std::size_t>(keep_alive_max_count_, 1);
  limits.idle = as_duration(keep_alive_timeout_sec_, 0);
  limits.body_time = as_duration(read_timeout_sec_, read_timeout_usec_);
  limits.write = as_duration(write_timeout_sec_, write_timeout_usec_);
  return limits;
}

void HttpServer::adopt(OwnedFd listening) {
  adopted_ = true;
  const socket_t before = svr_sock_.exchange(listening.release());
  if (before != INVALID_SOCKET) ::close(before);
}

bool HttpServer::serve_adopted() {
  if (!adopted_ || svr_sock_ == INVALID_SOCKET) return false;
  const bool good = listen_after_bind();
  adopted_ = false;
  stop_wanted_ = false;
  return good;
}

void HttpServer::stop() noexcept {
  if (adopted_) stop_wanted_ = true;
  int running = kRunning;
  if (!state_.compare_exchange_strong(running, kStopping)) return;
  // The accept loop wakes up and finds out why.
  const OwnedFd bell(doorbell_.exchange(-1));
  const bool rang = ::connect(bell.get(), reinterpret_cast<const sockaddr*>(&decoy_address_),
                              decoy_address_size_) == 0;
  // Stopped through a reference to the base? Where the library is compiled in, it asserts that it
  // is not stopped twice.
  if (!rang && svr_sock_ != INVALID_SOCKET) httplib::Server::stop();
}

// Only where somebody has replaced the base's new_task_queue: then its loop accepts.
bool HttpServer::process_and_close_socket(socket_t socket) {
  OwnedFd accepted(socket);
  if (state_ != kIdle) return true;  // the doorbell
  const std::lock_guard lock(mutex_);
  if (!lazy_front_) lazy_front_ = std::make_unique<Front>(*this, false);
  lazy_front_->adopt(std::move(accepted));
  return true;
}

RequestSink& HttpServer::first_sink() {
  sink_->start();
  RequestSink& sink = in_front_of(*sink_);
  if (!answered_) return sink;
  recorder_ = std::make_unique<Recorder>(sink, answered_);
  return *recorder_;
}

RequestSink& HttpServer::in_front_of(RequestSink& routes) { return routes; }

}  // namespace autohttps
