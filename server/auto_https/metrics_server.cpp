#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/auto_https/exposition.h>
#include <autohttps/server/auto_https/metrics_server.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/server/engine/unix_listener.h>
#include <autohttps/server/httplib/http_server.h>
#include <autohttps/server/sites/host.h>

#include <charconv>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace autohttps {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr int kOk = 200;
constexpr int kNotFound = 404;
constexpr int kMethodNotAllowed = 405;
constexpr int kMisdirected = 421;
constexpr int kFailed = 500;
constexpr int kUnavailable = 503;

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && is_address(std::string(host)));
}

EngineLimits small_limits() {
  EngineLimits limits;
  limits.connections = 64;
  limits.body = 1'024;
  limits.threads = 4;
  limits.leaders = 1;
  limits.drain = std::chrono::milliseconds(1'000);
  return limits;
}

// RFC 9110 12.5.1, as far as two answers need it: JSON to whoever names it.
bool wants_json(const httplib::Request& request) {
  const std::string accepted = request.get_header_value("Accept");
  for (const std::string_view part : split(accepted, ',')) {
    const std::string_view type = trim(part.substr(0, part.find(';')));
    if (equals_ignoring_case(type, "application/json")) return true;
  }
  return false;
}

std::string health_json(const std::vector<Problem>& problems) {
  Json object = {{"status", problems.empty() ? "ok" : "failing"}, {"problems", Json::array()}};
  for (const Problem& problem : problems) {
    object["problems"].push_back({{"certificate", problem.certificate}, {"problem", problem.text}});
  }
  return to_text(object);
}

std::string health_text(const std::vector<Problem>& problems) {
  if (problems.empty()) return "ok\n";
  std::string text;
  for (const Problem& problem : problems) text += printable(problem.text) + "\n";
  return text;
}

[[noreturn]] void refuse_address(std::string_view text) {
  throw Error(ErrorCode::config,
              "\"" + printable(text, 200) +
                  "\" is no place for metrics: an address of this "
                  "machine's loopback with a port, or a Unix socket",
              "127.0.0.1:9180, [::1]:9180 or unix:/run/autohttps/metrics.sock; for other machines "
              "put a site with a password before it (reverse_proxy, basic_auth)");
}

}  // namespace

MetricsAddress parse_metrics_address(std::string_view text) {
  MetricsAddress address;
  if (text.starts_with(kUnix)) {
    address.socket = std::string(text.substr(kUnix.size()));
    if (!address.socket.is_absolute()) refuse_address(text);
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) refuse_address(text);
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() ||
      bracketed != (host.find(':') != std::string_view::npos) || !is_loopback(to_lower(host))) {
    refuse_address(text);
  }
  address.host = host == "::1"                   ? "::1"
                 : to_lower(host) == "localhost" ? "127.0.0.1"
                                                 : std::string(host);
  return address;
}

class MetricsServer::Server final : public HttpServer {
 public:
  Server(const MetricsAddress& address, MetricsAnswers answers)
      : answers_(std::move(answers)), any_host_(!address.socket.empty()) {
    OwnedFd listening;
    if (any_host_) {
      socket_.emplace(address.socket);
      listening = socket_->take();
    } else {
      listening = listen_tcp(address.host, address.port);
      port_ = bound_port(listening.get());
    }
    set_limits(small_limits());
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
      return HandlerResponse::Handled;
    });
    adopt(std::move(listening));
  }
  ~Server() override { end(); }

  void begin() {
    thread_ = std::thread([this] { serve_adopted(); });
  }
  void end() noexcept {
    stop();
    const std::lock_guard lock(joining_);
    if (thread_.joinable()) thread_.join();
    // Never started: the socket is still ours, and its file would be taken for served.
    const socket_t unused = svr_sock_.exchange(INVALID_SOCKET);
    if (unused != INVALID_SOCKET) ::close(unused);
    socket_.reset();
  }
  std::uint16_t port() const noexcept { return port_; }

 private:
  static void say(httplib::Response& response, int status, const std::string& text) {
    response.status = status;
    response.set_content(text + "\n", "text/plain; charset=utf-8");
  }

  void answer(const httplib::Request& request, httplib::Response& response) {
    response.set_header("Cache-Control", "no-store");
    if (!any_host_ && !is_loopback(parse_host(request.get_header_value("Host")))) {
      return say(response, kMisdirected, "this is asked for by a loopback address alone");
    }
    if (request.method != "GET" && request.method != "HEAD") {
      response.set_header("Allow", "GET, HEAD");
      return say(response, kMethodNotAllowed, "GET and HEAD are answered");
    }
    const std::string path = request.target.substr(0, request.target.find('?'));
    try {
      if (path == "/metrics") {
        response.status = kOk;
        response.set_content(answers_.metrics(), std::string(Exposition::kMediaType));
      } else if (path == "/health") {
        answer_health(wants_json(request), response);
      } else {
        say(response, kNotFound, "/metrics and /health are here");
      }
    } catch (const std::exception& error) {
      say(response, kFailed, printable(error.what()));
    }
  }

  void answer_health(bool json, httplib::Response& response) const {
    std::vector<Problem> problems;
    try {
      problems = answers_.health();
    } catch (const std::exception& error) {
      problems.push_back({{}, error.what()});  // what cannot be looked at is not well
    }
    response.status = problems.empty() ? kOk : kUnavailable;
    response.set_header("Vary", "Accept");
    if (json) {
      response.set_content(health_json(problems), "application/json");
    } else {
      response.set_content(health_text(problems), "text/plain; charset=utf-8");
    }
  }

  const MetricsAnswers answers_;
  const bool any_host_;  // no browser gets to a Unix socket
  std::optional<UnixListener> socket_;
  std::uint16_t port_ = 0;

  std::mutex joining_;  // guards thread_'s end
  std::thread thread_;
};

MetricsServer::MetricsServer(const MetricsAddress& address, MetricsAnswers answers)
    : server_(std::make_unique<Server>(address, std::move(answers))) {}

MetricsServer::~MetricsServer() = default;

void MetricsServer::start() { server_->begin(); }
void MetricsServer::stop() noexcept { server_->end(); }
std::uint16_t MetricsServer::port() const noexcept { return server_->port(); }

}  // namespace autohttps
