#include <autohttps/acme/management/attempt.h>

#include <autohttps/common/advice.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace autohttps::acme {
namespace {

using Action = Outcome::Action;
using Level = Event::Level;
using Step = AttemptPlan::Step;

// No certificate can be judged by a clock that stands before this program was written (RELIABILITY
// F37: machines without a battery start in 1970).
constexpr WallTime kEarliest = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
constexpr std::chrono::minutes kSoon{1};        // look again after trouble of our own
constexpr std::chrono::hours kLeftToOthers{1};  // look again whether somebody else has done it

void check_clock(WallTime now) {
  if (now >= kEarliest) return;
  throw Error(ErrorCode::config,
              "this machine's clock says " + format_rfc3339(now) + ", which cannot be",
              "set the clock (timedatectl set-ntp true) and try again");
}

// How much what became of a part is the news of the whole.
int weight(const Outcome::Part& part) {
  switch (part.action) {
    case Action::failed:
      return 4;
    case Action::deferred:
      return part.told_before ? 2 : 3;
    case Action::issued:
    case Action::renewed:
      return 1;
    case Action::none:
      break;
  }
  return 0;
}

std::string text_of(const std::vector<Outcome::Part>& parts) {
  if (parts.size() == 1) return parts.front().text;
  std::string text;
  for (const Outcome::Part& part : parts) {
    text +=
        (text.empty() ? "" : "; ") + std::string(key_type_name(part.key_type)) + ": " + part.text;
  }
  return text;
}

}  // namespace

Attempt::Attempt(CertificateStore& certificates, const IssuerFactory& issuers, Clock& clock,
                 Random& random, const EventSink& events, const HookDuties& hooks,
                 Leftovers* leftovers, std::string id, const RunOptions& options,
                 std::stop_token stop)
    : hooks_(hooks), leftovers_(leftovers), scene_{certificates, issuers,        clock,
                                                   random,       events,         std::move(id),
                                                   options,      std::move(stop)} {
  outcome_.certificate = scene_.id;
}

Outcome Attempt::run() {
  try {
    work();
    conclude();
  } catch (const Error& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail(Error(ErrorCode::internal, error.what()));
  }
  return std::move(outcome_);
}

void Attempt::look() {
  auto spec = scene_.certificates.spec(scene_.id);
  if (!spec) {
    throw Error(ErrorCode::config, "there is no certificate \"" + scene_.id + "\" in this store",
                "`autohttps list` shows those there are");
  }
  scene_.spec = std::move(*spec);
  scene_.current = scene_.certificates.current(scene_.id, &scene_.trouble);
  is_first_ = !scene_.current;
  outcome_.generation = scene_.current ? scene_.current->number : 0;
  if (scene_.current) outcome_.not_after = scene_.current->key->not_after();
  parts_.clear();
  for (const KeyType type : scene_.spec.key_types) parts_.emplace_back(scene_, type);
}

void Attempt::work() {
  if (scene_.stop.stop_requested()) throw Error(ErrorCode::canceled, "stopped before its turn");
  check_clock(scene_.clock.wall());
  look();
  std::unique_ptr<StoreLock> lock;
  if (has_work() || is_poll_due()) {
    try {
      const SteadyTime give_up =
          scene_.clock.steady() + (has_work() ? scene_.options.lock_wait : std::chrono::seconds(0));
      lock = scene_.certificates.lock(scene_.id, give_up, scene_.stop);
      look();  // another process may have done it while we waited
    } catch (const Error& error) {
      // Who holds it has asked the CA, or the next look does.
      if (error.code() != ErrorCode::locked || has_work()) throw;
    }
  }
  const bool works = lock && !scene_.options.only_ask;
  if (works) take_down_leftovers(!is_issue_due());
  if (works && is_displaced()) repair(*lock);
  if (lock && is_poll_due()) poll(*lock);
  if (works && is_issue_due()) {
    issue_due(*lock);
  } else {
    for (PartAttempt& part : parts_) part.tell();
  }
  if (works) run_hooks();
}

bool Attempt::has_work() {
  if (scene_.options.only_ask) return false;
  return is_issue_due() || is_displaced() || has_hooks_due() || has_leftovers_due();
}

bool Attempt::is_issue_due() const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const PartAttempt& part) { return part.plan().step == Step::issue; });
}

bool Attempt::is_poll_due() const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const PartAttempt& part) { return part.is_poll_due(); });
}

void Attempt::poll(const StoreLock&) {
  for (PartAttempt& part : parts_) {
    if (part.is_poll_due()) part.poll();
  }
}

// Strictly one after the other: CAs give the same order to whoever asks for the same names.
void Attempt::issue_due(const StoreLock& lock) {
  if (!scene_.current && !scene_.trouble.empty()) scene_.event(Level::warning, scene_.trouble);
  std::vector<PartAttempt*> due;
  for (PartAttempt& part : parts_) {
    if (part.plan().step == Step::issue) {
      due.push_back(&part);
    } else {
      part.tell();
    }
  }
  if (const std::string obstacle = hooks_.obstacle(scene_.spec); !obstacle.empty()) {
    return leave_to_others(due, obstacle);
  }
  for (PartAttempt* part : due) part->begin();
  if (pre_hooks_fail(due)) return;
  for (PartAttempt* part : due) part->issue(lock);
}

bool Attempt::pre_hooks_fail(const std::vector<PartAttempt*>& due) {
  try {
    HookSubject before = subject();
    before.cause = due.front()->plan().cause;
    hooks_.before_attempt(before, scene_.stop);
    return false;
  } catch (const Error& error) {
    for (PartAttempt* part : due) part->fail(error);
    return true;
  }
}

// Nothing failed, and nothing is written down: a process that may do it is not to be held up.
void Attempt::leave_to_others(const std::vector<PartAttempt*>& due, const std::string& obstacle) {
  const std::string text = "not attempted: " + obstacle;
  const Error error(ErrorCode::permission, text, "run `autohttps renew` as that user");
  for (PartAttempt* part : due) part->leave(text, error, scene_.clock.wall() + kLeftToOthers);
  scene_.event(Level::warning, text, error.hint());
}

// The failed hooks of a pair are about the last failure of the two.
HookSubject Attempt::subject() const {
  const PartAttempt* latest = &parts_.front();
  const auto failed_at = [](const PartAttempt& part) {
    return part.state().last_failure ? part.state().last_failure->at : WallTime::min();
  };
  for (const PartAttempt& part : parts_) {
    if (failed_at(part) > failed_at(*latest)) latest = &part;
  }
  return {scene_.spec, latest->state(), scene_.current ? &*scene_.current : nullptr};
}

bool Attempt::has_hooks_due() const { return hooks_.is_due(subject(), scene_.options.person); }

bool Attempt::has_leftovers_due() const {
  return leftovers_ != nullptr && leftovers_->is_due(scene_.id);
}

// What a crash or a failed clean-up left in DNS (RELIABILITY F28), before anything else: the same
// names are about to be used again. Whatever becomes of it, the attempt goes on.
void Attempt::take_down_leftovers(bool due) {
  if (leftovers_ == nullptr) return;
  scene_.or_warn("removing DNS records",
                 [&] { leftovers_->take_down(scene_.id, due, scene_.stop); });
}

// The certificate is in place, or the failure written down, whatever becomes of them.
void Attempt::run_hooks() {
  if (scene_.stop.stop_requested()) return;
  scene_.or_warn("running hooks", [&] {
    outcome_.hooks = hooks_.perform(subject(), scene_.options.person, scene_.stop);
  });
}

WallTime Attempt::next_look() {
  look();
  WallTime next = parts_.front().next_look();
  for (const PartAttempt& part : parts_) next = std::min(next, part.next_look());
  return next;
}

std::optional<WallTime> Attempt::idle_until() {
  check_clock(scene_.clock.wall());
  const WallTime next = next_look();
  if (has_work() || is_poll_due()) return std::nullopt;
  return next;
}

// `current` is broken or was never flipped, and another whole generation stands in for it.
bool Attempt::is_displaced() const { return scene_.current && !scene_.trouble.empty(); }

// Who reads the files themselves (nginx, say) finds them by `current` only.
void Attempt::repair(const StoreLock& lock) {
  scene_.event(Level::warning, scene_.trouble);
  scene_.or_warn("pointing to generation " + std::to_string(scene_.current->number),
                 [&] { scene_.certificates.flip(lock, scene_.id, scene_.current->number); });
}

// What became of the parts, as one.
void Attempt::conclude() {
  outcome_.generation = scene_.current ? scene_.current->number : 0;
  outcome_.next_attempt.reset();
  outcome_.not_after.reset();
  const auto earlier = [](std::optional<WallTime>& time, const std::optional<WallTime>& other) {
    if (other) time = std::min(time.value_or(*other), *other);
  };
  const Outcome::Part* news = nullptr;
  for (const PartAttempt& part : parts_) {
    const Outcome::Part& outcome = outcome_.parts.emplace_back(part.outcome());
    earlier(outcome_.not_after, outcome.not_after);
    earlier(outcome_.next_attempt, outcome.next_attempt);
    if (outcome.action == Action::none) earlier(outcome_.next_look, part.next_look());
    // What was just renewed is next looked at by what the CA suggests for it.
    const bool is_new = outcome.action == Action::issued || outcome.action == Action::renewed;
    if (is_new) earlier(outcome_.next_look, scene_.clock.wall());
  }
  for (const Outcome::Part& part : outcome_.parts) {
    if (news == nullptr || weight(part) > weight(*news)) news = &part;
  }
  outcome_.action = news->action;
  // Of a pair the second to come is issued too, and the certificate renewed.
  if (outcome_.action == Action::issued && !is_first_) outcome_.action = Action::renewed;
  outcome_.error = news->error;
  outcome_.told_before = news->told_before;
  outcome_.text = text_of(outcome_.parts);
}

// Before any part had its turn.
void Attempt::fail(const Error& error) {
  const bool waits = error.code() == ErrorCode::rate_limited ||
                     error.code() == ErrorCode::deferred || error.code() == ErrorCode::locked;
  outcome_.action = waits ? Action::deferred : Action::failed;
  outcome_.error = error;
  outcome_.text = error.what();
  if (error.code() == ErrorCode::canceled) return;
  const WallTime now = scene_.clock.wall();
  outcome_.next_attempt = now + kSoon;
  // That another process is at it, or our own waiting time, is no failure.
  const bool failed = error.code() != ErrorCode::locked && error.code() != ErrorCode::deferred;
  Event told{failed ? Level::error : Level::warning, scene_.id,
             outcome_.text + "; next attempt " + format_relative(*outcome_.next_attempt, now),
             next_step(error)};
  if (scene_.current) {
    const CertifiedKey& key = *scene_.current->key;
    told.life_left = life_left(key.not_before(), key.not_after(), now);
    told.text += "; the certificate in place: " + validity(*scene_.current, now);
  }
  if (scene_.events) scene_.events(told);
}

}  // namespace autohttps::acme
