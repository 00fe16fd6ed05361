#include <autohttps/server/auto_https/port80.h>
#include <autohttps/server/engine/engine.h>
#include <autohttps/server/engine/listener.h>
#include <autohttps/server/sites/answer.h>

#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace autohttps {
namespace {

constexpr std::size_t kLargestBody = 64 << 10;  // of a request that will only be redirected

EngineLimits with_small_bodies(EngineLimits limits) {
  limits.body = kLargestBody;
  return limits;
}

bool is_read(std::string_view method) { return method == "GET" || method == "HEAD"; }

// RFC 9112 3.2.1: the path of a URL that has none is "/".
std::string path_and_query(const HeadView& head) {
  const bool lacks_path = !head.authority.empty() && !head.resource.starts_with('/');
  return std::string(lacks_path ? "/" : "").append(head.resource);
}

}  // namespace

// On the engine itself: a command that only answers a CA pays for no router.
class Port80::Server final : public RequestSink {
 public:
  Server(const ChallengeAnswers& answers, OwnedFd listening, EngineLimits limits)
      : answers_(answers),
        port_(bound_port(listening.get())),
        limits_(with_small_bodies(std::move(limits))),
        listening_(std::move(listening)) {}
  ~Server() override { end(); }

  void begin() {
    const std::lock_guard lock(running_);
    if (!listening_) return;
    engine_ = std::make_unique<Engine>(limits_, *this, counters_);
    engine_->listen(std::move(listening_), nullptr);
  }
  void end() noexcept {
    const std::lock_guard lock(running_);
    listening_.reset();
    if (engine_) engine_->drain(limits_.drain);
    engine_.reset();
  }
  void redirect(RedirectRules rules) {
    auto shared = std::make_shared<const RedirectRules>(std::move(rules));
    const std::lock_guard lock(mutex_);
    rules_.swap(shared);
  }
  void on_answered(std::function<void(const RequestRecord&)> told) { told_ = std::move(told); }
  std::uint16_t port() const noexcept { return port_; }
  const Counters& counters() const noexcept { return *counters_; }

  // Where it was read: a store on this machine is quick, and the engine finds out one that is not.
  void handle(ExchangePtr exchange) noexcept override {
    Answer answer;
    try {
      answer = answer_to(exchange->head());
    } catch (const std::exception&) {
      answer.head.status = 500;  // the store cannot be read: not a word of it to strangers
    }
    exchange->respond(std::move(answer.head), std::move(answer.body));
  }
  bool keeps_records() const noexcept override { return static_cast<bool>(told_); }
  void answered(const RequestRecord& record) noexcept override {
    try {
      told_(record);
    } catch (const std::exception&) {
      // Whoever wants to know of requests must not cost one.
    }
  }

 private:
  Answer answer_to(const HeadView& head) const {
    const std::string target = path_and_query(head);
    if (is_read(head.method)) {
      // The target as it was sent: a decoded path would make other paths equal to a token's. The
      // key authorization byte for byte: neither compressed nor in ranges.
      if (const auto key_authorization = challenge_answer(answers_, target)) {
        return {{200, {{"Content-Type", "text/plain"}}}, text_body(*key_authorization)};
      }
    }
    const std::shared_ptr<const RedirectRules> rules = current_rules();
    const std::optional<std::string> location =
        rules ? redirect_location(*rules, head.host, target) : std::nullopt;
    if (!location) return {{404}};
    // RFC 9110 15.4: 308 keeps the method; old clients know 301 only, for what it is safe for.
    return {{is_read(head.method) ? 301 : 308, {{"Location", *location}}}};
  }

  std::shared_ptr<const RedirectRules> current_rules() const {
    const std::lock_guard lock(mutex_);
    return rules_;
  }

  const ChallengeAnswers& answers_;
  const std::uint16_t port_;
  const EngineLimits limits_;
  const std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
  std::function<void(const RequestRecord&)> told_;  // constant once it runs

  mutable std::mutex mutex_;  // guards rules_
  std::shared_ptr<const RedirectRules> rules_;

  std::mutex running_;  // guards what follows
  OwnedFd listening_;   // until it runs
  std::unique_ptr<Engine> engine_;
};

Port80::Port80(const ChallengeAnswers& answers, OwnedFd listening, EngineLimits limits)
    : server_(std::make_unique<Server>(answers, std::move(listening), std::move(limits))) {}

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
