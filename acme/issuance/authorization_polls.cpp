#include <autohttps/acme/issuance/authorization_polls.h>

#include <autohttps/acme/issuance/poll_schedule.h>
#include <autohttps/common/error.h>

#include <algorithm>
#include <deque>

namespace autohttps::acme {
namespace {

// Once one name has failed, how long the others may still take to have theirs reported too.
constexpr std::chrono::seconds kAfterFirstFailure{10};
// One lost answer in a poll costs nothing; a CA that is gone ends the attempt, whose order stays.
constexpr int kMostUnreached = 3;
// So long names are asked about side by side; then, for a CA that takes minutes, one by one: an
// attempt may make 12 requests for each name (RELIABILITY I4).
constexpr std::chrono::seconds kSideBySide{30};

struct Awaited : AwaitedAuthorization {
  PollSchedule schedule{};  // of its own where the CA says when to come back
};

class Polling {
 public:
  Polling(std::vector<AwaitedAuthorization> names, Client& client, Deadline& deadline)
      : client_(client), deadline_(deadline), one_by_one_(deadline.now() + kSideBySide) {
    for (AwaitedAuthorization& name : names) open_.push_back({std::move(name), {}});
  }

  void run(const std::function<void(const Authorization&)>& decided) {
    if (!open_.empty() && !open_.front().answered_valid && !open_.front().earliest) {
      open_.front().earliest = deadline_.now() + schedule_.next({});
    }
    while (!open_.empty()) {
      wait();
      const std::optional<Authorization> authorization = ask();
      if (!authorization && (!latest_ || deadline_.now() < *latest_)) continue;
      if (authorization) {
        decided(*authorization);
        if (authorization->status != AuthorizationStatus::valid && !latest_) {
          latest_ = deadline_.now() + kAfterFirstFailure;
        }
      }
      open_.pop_front();
    }
  }

 private:
  void wait() {
    const Awaited& next = open_.front();
    if (!next.earliest || *next.earliest <= deadline_.now()) return;
    deadline_.wait(std::chrono::ceil<std::chrono::milliseconds>(*next.earliest - deadline_.now()),
                   ca_asks_, "the authorization for \"" + next.name + "\" is still pending");
  }

  // Empty: not decided, and the next one to ask is in front.
  std::optional<Authorization> ask() {
    Awaited& asked = open_.front();
    std::optional<std::chrono::milliseconds> retry_after;
    try {
      Authorization authorization = client_.authorization(asked.url, deadline_.stop());
      unreached_ = 0;
      if (authorization.status != AuthorizationStatus::pending) return authorization;
      retry_after = authorization.retry_after;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::network || ++unreached_ == kMostUnreached) throw;
    }
    ca_asks_ = retry_after.has_value();
    const bool side_by_side = ca_asks_ && deadline_.now() < one_by_one_;
    PollSchedule& schedule = side_by_side ? asked.schedule : schedule_;
    asked.earliest = deadline_.now() + schedule.next(retry_after);
    if (side_by_side) {
      std::ranges::stable_sort(
          open_, {}, [](const Awaited& name) { return name.earliest.value_or(SteadyTime::min()); });
    }
    return std::nullopt;
  }

  Client& client_;
  Deadline& deadline_;
  const SteadyTime one_by_one_;
  std::deque<Awaited> open_;
  PollSchedule schedule_;
  std::optional<SteadyTime> latest_;
  int unreached_ = 0;
  bool ca_asks_ = false;
};

}  // namespace

void await_authorizations(std::vector<AwaitedAuthorization> names, Client& client,
                          Deadline& deadline,
                          const std::function<void(const Authorization&)>& decided) {
  Polling(std::move(names), client, deadline).run(decided);
}

}  // namespace autohttps::acme
