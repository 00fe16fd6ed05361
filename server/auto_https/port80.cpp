#include <autohttps/server/auto_https/port80.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/server/httplib/http_server.h>

#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace autohttps {
namespace {

constexpr std::size_t kLargestBody = 64 << 10;  // of a request that will only be redirected

bool is_read(const std::string& method) { return method == "GET" || method == "HEAD"; }

}  // namespace

class Port80::Server final : public HttpServer {
 public:
  Server(const ChallengeAnswers& answers, OwnedFd listening)
      : answers_(answers), port_(bound_port(listening.get())) {
    // Before any route: there are none, so no pattern is ever matched against foreign bytes.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
      return HandlerResponse::Handled;
    });
    set_payload_max_length(kLargestBody);
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
  }
  void redirect(RedirectRules rules) {
    auto shared = std::make_shared<const RedirectRules>(std::move(rules));
    const std::lock_guard lock(mutex_);
    rules_.swap(shared);
  }
  std::uint16_t port() const noexcept { return port_; }

 private:
  // The key authorization byte for byte: neither compressed nor in ranges.
  bool prepare(httplib::Request& request, std::string_view) override {
    request.headers.erase("Accept-Encoding");
    request.headers.erase("Range");
    request.ranges.clear();
    return true;
  }

  void answer(const httplib::Request& request, httplib::Response& response) {
    if (is_read(request.method)) {
      // The target as it was sent: a decoded path would make other paths equal to a token's.
      if (const auto key_authorization = challenge_answer(answers_, request.target)) {
        response.status = 200;
        response.set_content(*key_authorization, "text/plain");
        return;
      }
    }
    response.status = 404;
    const std::shared_ptr<const RedirectRules> rules = current_rules();
    // RFC 9112 3.2: none or several are nobody's host.
    if (!rules || request.get_header_value_count("Host") != 1) return;
    const std::optional<std::string> location =
        redirect_location(*rules, request.get_header_value("Host"), request.target);
    if (!location) return;
    // RFC 9110 15.4: 308 keeps the method; old clients know 301 only, for what it is safe for.
    response.status = is_read(request.method) ? 301 : 308;
    response.set_header("Location", *location);
  }

  std::shared_ptr<const RedirectRules> current_rules() const {
    const std::lock_guard lock(mutex_);
    return rules_;
  }

  const ChallengeAnswers& answers_;
  const std::uint16_t port_;

  std::mutex joining_;  // guards thread_'s end
  std::thread thread_;

  mutable std::mutex mutex_;  // guards rules_
  std::shared_ptr<const RedirectRules> rules_;
};

Port80::Port80(const ChallengeAnswers& answers, OwnedFd listening)
    : server_(std::make_unique<Server>(answers, std::move(listening))) {}

Port80::~Port80() = default;

void Port80::redirect(RedirectRules rules) { server_->redirect(std::move(rules)); }
void Port80::on_answered(std::function<void(const RequestRecord&)> told) {
  server_->on_answered(std::move(told));
}
void Port80::start() { server_->begin(); }
void Port80::stop() noexcept { server_->end(); }
std::uint16_t Port80::port() const noexcept { return server_->port(); }
const Counters& Port80::counters() const noexcept { return server_->counters(); }

}  // namespace autohttps
