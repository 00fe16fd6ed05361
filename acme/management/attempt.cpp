#include <autohttps/acme/management/attempt.h>

#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/acme/management/fallback.h>
#include <autohttps/acme/management/renewal_policy.h>
#include <autohttps/acme/management/retry_policy.h>
#include <autohttps/acme/protocol/problem.h>
#include <autohttps/common/advice.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

using Action = Outcome::Action;
using Level = Event::Level;
using Step = AttemptPlan::Step;

// No certificate can be judged by a clock that stands before this program was written (RELIABILITY
// F37: machines without a battery start in 1970).
constexpr WallTime kEarliest = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
constexpr std::chrono::minutes kSoon{1};         // look again after trouble of our own
constexpr std::chrono::hours kLeftToOthers{1};   // look again whether somebody else has done it
constexpr std::chrono::hours kClockIsWrong{24};  // between attempts of a clock that is wrong
constexpr int kMostCounted = 1'000'000;          // failures in a row

void check_clock(WallTime now) {
  if (now >= kEarliest) return;
  throw Error(ErrorCode::config,
              "this machine's clock says " + format_rfc3339(now) + ", which cannot be",
              "set the clock (timedatectl set-ntp true) and try again");
}

class StoreJournal final : public OrderJournal {
 public:
  StoreJournal(CertificateStore& certificates, const std::string& id)
      : certificates_(certificates), id_(id) {}
  std::optional<Pending> load() override { return certificates_.pending(id_); }
  void save(const Pending& pending) override { certificates_.put_pending(id_, pending); }
  void clear() override { certificates_.clear_pending(id_); }

 private:
  CertificateStore& certificates_;
  const std::string& id_;
};

// A crash after the flip leaves the order that led to the current generation: it must not count as
// the next one, which would bring the same certificate again.
bool led_to(const Pending& pending, const Generation& current) {
  try {
    return PrivateKey::from_pem(pending.key_pem) == current.key->key();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

Attempt::Attempt(CertificateStore& certificates, const IssuerFactory& issuers, Clock& clock,
                 Random& random, const EventSink& events, const HookDuties& hooks,
                 Leftovers* leftovers, std::string id, const RunOptions& options,
                 std::stop_token stop)
    : certificates_(certificates),
      issuers_(issuers),
      clock_(clock),
      random_(random),
      events_(events),
      hooks_(hooks),
      leftovers_(leftovers),
      id_(std::move(id)),
      options_(options),
      stop_(std::move(stop)) {
  outcome_.certificate = id_;
}

Outcome Attempt::run() {
  try {
    work();
  } catch (const Error& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail(Error(ErrorCode::internal, error.what()));
  }
  return outcome_;
}

void Attempt::work() {
  if (stop_.stop_requested()) throw Error(ErrorCode::canceled, "stopped before its turn");
  check_clock(clock_.wall());
  AttemptPlan plan = look();
  if (plan.step != Step::issue && !is_displaced() && !has_hooks_due() && !has_leftovers_due()) {
    return tell(plan);
  }
  const auto lock = certificates_.lock(id_, clock_.steady() + options_.lock_wait, stop_);
  plan = look();  // another process may have done it while we waited
  take_down_leftovers(plan.step != Step::issue);
  if (is_displaced()) repair(*lock);
  if (plan.step == Step::issue) {
    attempt(*lock, plan);
  } else {
    tell(plan);
  }
  run_hooks();
}

void Attempt::attempt(const StoreLock& lock, const AttemptPlan& plan) {
  if (!current_ && !trouble_.empty()) event(Level::warning, trouble_);
  if (const std::string obstacle = hooks_.obstacle(spec_); !obstacle.empty()) {
    return leave_to_others(obstacle);
  }
  begin();
  try {
    HookSubject before = subject();
    before.cause = plan.cause;
    hooks_.before_attempt(before, stop_);
    save(lock, issue(), plan.cause);
  } catch (const ProblemError& error) {
    record_failure(error, error.problem().short_type());
    run_hooks();
    throw;
  } catch (const Error& error) {
    record_failure(error, code_name(error.code()));
    run_hooks();
    throw;
  }
}

// Nothing failed, and nothing is written down: a process that may do it is not to be held up.
void Attempt::leave_to_others(const std::string& obstacle) {
  outcome_.action = Action::deferred;
  outcome_.text = "not attempted: " + obstacle;
  outcome_.error =
      Error(ErrorCode::permission, outcome_.text, "run `autohttps renew` as that user");
  outcome_.next_attempt = clock_.wall() + kLeftToOthers;
  event(Level::warning, outcome_.text, outcome_.error->hint());
}

HookSubject Attempt::subject() const { return {spec_, state_, current_ ? &*current_ : nullptr}; }

bool Attempt::has_hooks_due() const { return hooks_.is_due(subject(), options_.person); }

bool Attempt::has_leftovers_due() const { return leftovers_ != nullptr && leftovers_->is_due(id_); }

// What a crash or a failed clean-up left in DNS (RELIABILITY F28), before anything else: the same
// names are about to be used again. Whatever becomes of it, the attempt goes on.
void Attempt::take_down_leftovers(bool due) {
  if (leftovers_ == nullptr) return;
  or_warn("removing DNS records", [&] { leftovers_->take_down(id_, due, stop_); });
}

// The certificate is in place, or the failure written down, whatever becomes of them.
void Attempt::run_hooks() {
  if (stop_.stop_requested()) return;
  or_warn("running hooks", [&] {
    current_ = certificates_.current(id_);
    outcome_.hooks = hooks_.perform(subject(), options_.person, stop_);
  });
}

AttemptPlan Attempt::look() {
  auto spec = certificates_.spec(id_);
  if (!spec) {
    throw Error(ErrorCode::config, "there is no certificate \"" + id_ + "\" in this store",
                "`autohttps list` shows those there are");
  }
  spec_ = std::move(*spec);
  state_ = certificates_.state(id_);
  current_ = certificates_.current(id_, &trouble_);
  describe_current();
  return plan_attempt(spec_, current_ ? &*current_ : nullptr, state_,
                      {options_.person, options_.force}, clock_.wall());
}

std::optional<WallTime> Attempt::idle_until() {
  check_clock(clock_.wall());
  const AttemptPlan plan = look();
  if (plan.step == Step::issue || is_displaced() || has_hooks_due() || has_leftovers_due()) {
    return std::nullopt;
  }
  return plan.next;
}

// `current` is broken or was never flipped, and another whole generation stands in for it.
bool Attempt::is_displaced() const { return current_ && !trouble_.empty(); }

// Who reads the files themselves (nginx, say) finds them by `current` only.
void Attempt::repair(const StoreLock& lock) {
  event(Level::warning, trouble_);
  or_warn("pointing to generation " + std::to_string(current_->number),
          [&] { certificates_.flip(lock, id_, current_->number); });
}

void Attempt::describe_current() {
  outcome_.generation = current_ ? current_->number : 0;
  if (current_) outcome_.not_after = current_->key->not_after();
}

void Attempt::tell(const AttemptPlan& plan) {
  outcome_.action = plan.step == Step::nothing ? Action::none : Action::deferred;
  outcome_.text = plan.text;
  outcome_.next_attempt = plan.next;
  event(Level::debug, plan.text);
  if (plan.step != Step::wait) return;
  outcome_.told_before = true;
  outcome_.error = Error(plan.binding ? ErrorCode::rate_limited : ErrorCode::deferred, plan.text,
                         plan.binding ? "this wait is the CA's or a limit's: it cannot be skipped"
                                      : "`autohttps retry` tries again at once");
  if (plan.next) outcome_.error->with_retry_at(*plan.next);
}

// Written before the CA is asked for anything: a store that cannot be written must show itself
// before an order costs something.
void Attempt::begin() {
  state_.last_attempt = clock_.wall();
  certificates_.put_state(id_, state_, Store::Survives::process_end);  // shown, not relied on
  const auto pending = certificates_.pending(id_);
  if (pending && current_ && led_to(*pending, *current_)) certificates_.clear_pending(id_);
}

Bundle Attempt::issue() {
  for (std::size_t i = 0; i + 1 < spec_.cas.size(); ++i) {
    try {
      return issue_at(spec_.cas[i]);
    } catch (const Error& error) {
      if (!may_another_ca_help(error)) throw;
      event(
          Level::warning,
          std::string(error.what()) + "; trying \"" + spec_.cas[i + 1].directory_url + "\" instead",
          error.hint());
    }
  }
  if (spec_.cas.empty()) {
    throw Error(ErrorCode::config, "no CA is configured for \"" + id_ + "\"",
                "give one by --server");
  }
  return issue_at(spec_.cas.back());
}

Bundle Attempt::issue_at(const CaSpec& ca) {
  Ledger ledger(certificates_.store(), ca.directory_url);
  LedgerBudget budget(Limits::preset(ca.limits.empty() ? "conservative" : ca.limits), ledger,
                      clock_, spec_.key_types.front());
  StoreJournal journal(certificates_, id_);
  const auto issuer = issuers_(spec_, ca, budget);
  Bundle bundle = issuer->issue({.certificate = id_,
                                 .names = spec_.names,
                                 .key_type = spec_.key_types.front(),
                                 .profile = spec_.profile,
                                 .preferred_chain = spec_.preferred_chain},
                                journal, stop_);
  try {
    fresh_ = check_bundle(bundle, spec_.names, bundle.ca_time.value_or(clock_.wall()));
  } catch (const Error&) {
    journal.clear();  // that certificate is no good, and will not get better
    throw;
  }
  return bundle;
}

void Attempt::save(const StoreLock& lock, const Bundle& bundle, const std::string& cause) {
  const WallTime now = clock_.wall();
  outcome_.generation = certificates_.add(lock, id_, bundle, cause, now);
  outcome_.action = current_ ? Action::renewed : Action::issued;
  outcome_.not_after = fresh_->not_after();
  plan_after_success(*fresh_, now);
  // The certificate speaks for itself after a power cut; only what it cannot tell is worth a sync.
  const auto survives =
      state_.next_attempt ? Store::Survives::power_cut : Store::Survives::process_end;
  or_warn("writing down the success", [&] { certificates_.put_state(id_, state_, survives); });
  or_warn("clearing the order that is done", [&] { certificates_.clear_pending(id_); });
  outcome_.text = "saved generation " + std::to_string(outcome_.generation) + ", valid until " +
                  format_rfc3339(fresh_->not_after()).substr(0, 10) + " (" +
                  format_relative(fresh_->not_after(), now) + ")";
  event(Level::done, outcome_.text);
}

void Attempt::plan_after_success(const CertifiedKey& key, WallTime now) {
  state_.failures = 0;
  state_.last_success = now;
  state_.next_attempt.reset();
  state_.next_reason.clear();
  state_.binding = false;
  state_.jitter = random_.uniform();
  const Due due = renewal_due(key.not_before(), key.not_after(), *state_.jitter);
  outcome_.next_attempt = due.at;
  if (due.at > now) return;
  // Fresh from the CA and due already: our clock is ahead of the CA's. Asking again would not help
  // (RELIABILITY I11).
  state_.next_attempt =
      now + std::min<WallTime::duration>(kClockIsWrong, (key.not_after() - key.not_before()) / 2);
  state_.next_reason = "this machine's clock is ahead of the CA's";
  outcome_.next_attempt = state_.next_attempt;
  event(Level::warning,
        "this machine's clock says " + format_rfc3339(now) +
            ", by which a certificate from just now is due already",
        "set the clock (timedatectl set-ntp true)");
}

void Attempt::record_failure(const Error& error, std::string_view code) {
  if (error.code() == ErrorCode::canceled) return;
  const WallTime now = clock_.wall();
  state_.failures = std::min(state_.failures + 1, kMostCounted);
  std::optional<WallTime> not_after;
  if (current_) not_after = current_->key->not_after();
  const Retry retry = retry_after_failure(error, state_.failures, now, not_after);
  state_.next_attempt = retry.at;
  state_.next_reason = retry.reason;
  state_.binding = retry.binding;
  state_.last_failure = Failure{now, std::string(code), error.what(), next_step(error)};
  outcome_.next_attempt = retry.at;
  or_warn("writing down the failure", [&] { certificates_.put_state(id_, state_); });
}

void Attempt::fail(const Error& error) {
  const bool waits = error.code() == ErrorCode::rate_limited ||
                     error.code() == ErrorCode::deferred || error.code() == ErrorCode::locked;
  outcome_.action = waits ? Action::deferred : Action::failed;
  outcome_.error = error;
  outcome_.text = error.what();
  if (error.code() == ErrorCode::canceled) return;
  const WallTime now = clock_.wall();
  if (!outcome_.next_attempt) outcome_.next_attempt = now + kSoon;
  if (!events_) return;
  // That another process is at it, or our own waiting time, is no failure; a limit that is met is.
  const bool failed = error.code() != ErrorCode::locked && error.code() != ErrorCode::deferred;
  Event told{failed ? Level::error : Level::warning, id_,
             outcome_.text + "; next attempt " + format_relative(*outcome_.next_attempt, now),
             next_step(error)};
  if (current_) {
    const CertifiedKey& key = *current_->key;
    told.life_left = life_left(key.not_before(), key.not_after(), now);
    told.text += "; the certificate in place: " + validity(*current_, now);
  }
  events_(told);
}

void Attempt::event(Level level, const std::string& text, const std::string& hint) const {
  if (events_) events_({level, id_, text, hint});
}

template <typename Call>
void Attempt::or_warn(const std::string& doing, Call&& call) const {
  try {
    call();
  } catch (const Error& error) {
    event(Level::warning, doing + ": " + error.what(), error.hint());
  }
}

}  // namespace autohttps::acme
