#include <autohttps/server/sites/health_check.h>

#include <autohttps/server/engine/coarse_clock.h>
#include <autohttps/server/sites/response_head.h>

#include <poll.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace autohttps {
namespace {

using Flow = UpstreamConnection::Flow;

constexpr std::int64_t kSlice = 100;  // ms: how soon it ends

// False: it is late, or shall end.
bool wait_for(const UpstreamConnection& connection, short events, std::int64_t until,
              const std::atomic<bool>& stopping) {
  while (!stopping.load(std::memory_order_relaxed)) {
    const std::int64_t left = std::min(until - coarse_milliseconds(), kSlice);
    if (left <= 0) return false;
    pollfd one{connection.fd(), events, 0};
    if (::poll(&one, 1, static_cast<int>(left)) > 0) return true;
  }
  return false;
}

std::string ask(UpstreamConnection& connection, std::int64_t until,
                const std::atomic<bool>& stopping) {
  const std::string late = "its health check was not answered in time";
  while (true) {
    const Flow flow = connection.flush();
    if (flow == Flow::done) break;
    if (flow == Flow::failed) return "connecting: " + connection.trouble();
    // TLS, before it is established, waits for either.
    const short events = connection.is_established() ? POLLOUT : POLLIN | POLLOUT;
    if (!wait_for(connection, events, until, stopping)) return late;
    connection.note_event();
  }
  ResponseScanner scanner;
  ResponseView view;
  while (true) {
    const auto result = scanner.scan(connection.in().view(), view);
    switch (result.kind) {
      case ResponseScanner::Result::Kind::refused:
        return std::string("its health check was answered with ") + result.reason;
      case ResponseScanner::Result::Kind::complete:
        if (view.status >= 400) return "its health check says " + std::to_string(view.status);
        if (view.status >= 200) return {};
        connection.in().consume(result.consumed);
        continue;
      case ResponseScanner::Result::Kind::incomplete:
        break;
    }
    const Pulled got = connection.fill();
    if (got.kind == Pulled::Kind::bytes) continue;
    if (got.kind != Pulled::Kind::later) return "its health check was not answered";
    if (!wait_for(connection, POLLIN, until, stopping)) return late;
    connection.note_event();
  }
}

}  // namespace

std::string check_health(PlacedUpstream& upstream, const std::string& path,
                         std::chrono::milliseconds most, const std::atomic<bool>& stopping) {
  std::string trouble;
  bool old = false;
  UpstreamAddresses::List list = upstream.addresses.known(old);
  if (!list || old) list = upstream.addresses.look_up(trouble);
  const std::int64_t until = coarse_milliseconds() + most.count();
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const auto connection = UpstreamConnection::begin((*list)[i], upstream.tls.get(), trouble);
    if (!connection) {
      trouble = "connecting: " + trouble;
      continue;
    }
    connection->out().append("GET " + upstream.url.prefix + path +
                             " HTTP/1.1\r\nHost: " + upstream.url.authority +
                             "\r\nUser-Agent: autohttps (health check)\r\n"
                             "Connection: close\r\n\r\n");
    trouble = ask(*connection, until, stopping);
    if (trouble.empty()) break;
  }
  return trouble;
}

}  // namespace autohttps
