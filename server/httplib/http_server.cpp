#include <autohttps/server/httplib/http_server.h>
#include <autohttps/server/httplib/socket_stream.h>
#include <autohttps/server/httplib/worker_pool.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <charconv>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace autohttps {
namespace {

constexpr std::size_t kMostThreads = 64;
constexpr std::size_t kRequestsPerConnection = 100;
constexpr std::size_t kLargestBody = 64U << 20;
constexpr time_t kIdleSeconds = 5;  // a thread is held
constexpr time_t kReadSeconds = 20;
constexpr time_t kWriteSeconds = 30;
constexpr int kPauseAfterTroubleMs = 50;  // no descriptors, no buffers: not a busy loop

std::chrono::milliseconds as_duration(time_t seconds, time_t microseconds) {
  return std::chrono::seconds(seconds) + std::chrono::milliseconds(microseconds / 1000);
}

// RFC 9112 6: what follows the head. No value: not to be trusted, e.g. two lengths.
std::optional<SocketStream::Body> body_of(const httplib::Request& request) {
  SocketStream::Body body;
  body.chunked = request.has_header("Transfer-Encoding");
  const std::size_t lengths = request.get_header_value_count("Content-Length");
  if (lengths == 0) return body;
  const std::string text = request.get_header_value("Content-Length");
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, body.length);
  if (parsed.ec != std::errc() || parsed.ptr != end || lengths > 1 || body.chunked) return {};
  return body;
}

}  // namespace

template <std::size_t RequestSize, long Version>
void httplib_flags_match() noexcept {}
template void
httplib_flags_match<sizeof(httplib::Request), httplib_version(CPPHTTPLIB_VERSION)>() noexcept;

HttpServer::HttpServer() : waiting_(std::make_shared<std::atomic<std::size_t>>(0)) {
  new_task_queue = [waiting = waiting_]() -> httplib::TaskQueue* {
    return std::make_unique<WorkerPool>(kMostThreads, waiting).release();  // cpp-httplib owns it
  };
  // cpp-httplib's tuning macros have no effect on a compiled library: its members have.
  keep_alive_max_count_ = kRequestsPerConnection;
  keep_alive_timeout_sec_ = kIdleSeconds;
  read_timeout_sec_ = kReadSeconds;
  write_timeout_sec_ = kWriteSeconds;
  payload_max_length_ = kLargestBody;
  set_exception_handler(
      [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
        response.status = 500;  // and not a word of what() (CVE-2026-28434)
      });
}

HttpServer::~HttpServer() {
  const socket_t accepting = svr_sock_.exchange(INVALID_SOCKET);
  if (accepting != INVALID_SOCKET) ::close(accepting);
}

void HttpServer::adopt(OwnedFd listening) {
  const int on = 1;
  ::setsockopt(listening.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // inherited by accept
  {
    const std::lock_guard lock(mutex_);
    listening_ = std::move(listening);
  }
  reopen_accepting_end();
}

bool HttpServer::reopen_accepting_end() {
  const std::lock_guard lock(mutex_);
  const int accepting = ::fcntl(listening_.get(), F_DUPFD_CLOEXEC, 0);
  if (accepting < 0) return false;
  svr_sock_ = accepting;
  return true;
}

// cpp-httplib's loop gives up (and closes its descriptor) at any trouble that it does not know,
// e.g. ENFILE: the port is still ours, so it begins again. It also gives up when stop() has shut
// the socket down; svr_sock_ stays a value until then, since answers by content providers would be
// cut short without.
bool HttpServer::serve_adopted() {
  {
    const std::lock_guard lock(mutex_);
    if (!listening_) return false;
  }
  while (true) {
    const bool closed_by_base = !listen_after_bind();
    if (svr_sock_ == INVALID_SOCKET) break;  // httplib::Server::stop(), through a reference
    svr_sock_ = closed_by_base ? INVALID_SOCKET : svr_sock_.load();
    if (stopping_) break;
    ::poll(nullptr, 0, kPauseAfterTroubleMs);
    while (!stopping_ && !reopen_accepting_end()) ::poll(nullptr, 0, kPauseAfterTroubleMs);
  }
  const std::lock_guard lock(mutex_);
  listening_.reset();
  return true;
}

void HttpServer::stop() noexcept {
  stopping_ = true;
  const std::lock_guard lock(mutex_);
  if (listening_) ::shutdown(listening_.get(), SHUT_RDWR);  // accept() returns
}

std::unique_ptr<SocketStream> HttpServer::make_stream(socket_t socket, SSL* ssl) {
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  const StreamLimits limits{
      as_duration(keep_alive_timeout_sec_, 0), as_duration(read_timeout_sec_, read_timeout_usec_),
      as_duration(write_timeout_sec_, write_timeout_usec_), payload_max_length_};
  return std::make_unique<SocketStream>(socket, ssl, limits, [this] { return is_stopping(); });
}

bool HttpServer::process_and_close_socket(socket_t socket) {
  const OwnedFd owner(socket);
  serve_requests(*make_stream(socket, nullptr), nullptr);
  return true;
}

void HttpServer::serve_requests(SocketStream& stream, SSL* ssl) {
  const auto wanted_elsewhere = [this] { return waiting_->load() > 0; };
  bool discard = false;
  for (std::size_t left = keep_alive_max_count_; left > 0; --left) {
    // Others may have the thread of a connection that was served, never of one that has not been.
    const bool served = left < keep_alive_max_count_;
    if (!stream.wait_for_request([&] { return served && wanted_elsewhere(); })) break;
    bool trusted = true;
    bool closed = false;
    const auto setup = [&](httplib::Request& request) {
      const std::optional<SocketStream::Body> body = body_of(request);
      trusted = body.has_value();
      stream.begin_body(body.value_or(SocketStream::Body{}));
      request.ssl = ssl;
      trusted = prepare(request, stream.head()) && trusted;
    };
    stream.begin_request();
    const bool last = left == 1 || is_stopping() || wanted_elsewhere();
    const bool good = process(stream, last, closed, setup) && stream.flush();
    discard = !good || !trusted || !stream.body_was_read();
    if (discard || closed || last) break;
  }
  stream.close(discard);
}

bool HttpServer::prepare(httplib::Request&, std::string_view) { return true; }

// cpp-httplib hands out the addresses itself since 0.18.
template <typename AnyStream>
bool HttpServer::process(AnyStream& stream, bool last, bool& closed,
                         const std::function<void(httplib::Request&)>& setup) {
  if constexpr (requires { this->process_request(stream, last, closed, setup); }) {
    return this->process_request(stream, last, closed, setup);
  } else {
    std::string remote, local;
    int remote_port = 0, local_port = 0;
    stream.get_remote_ip_and_port(remote, remote_port);
    stream.get_local_ip_and_port(local, local_port);
    return this->process_request(stream, remote, remote_port, local, local_port, last, closed,
                                 setup);
  }
}

}  // namespace autohttps
