#include <autohttps/acme/management/manager.h>

#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/acme/management/attempt.h>
#include <autohttps/acme/management/large_store_looks.h>
#include <autohttps/acme/management/renewal_policy.h>
#include <autohttps/acme/management/rollback.h>
#include <autohttps/acme/management/start_delay.h>
#include <autohttps/acme/management/wish_lookup.h>
#include <autohttps/acme/store/key_types.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

namespace autohttps::acme {
namespace {

constexpr std::chrono::hours kLongestSleep{1};     // wishes of other processes are noticed by then
constexpr std::chrono::seconds kShortestSleep{1};  // whatever goes wrong, no busy loop

std::optional<WallTime> next_of(const Outcome& outcome) {
  std::optional<WallTime> next;
  for (const auto& time : {outcome.next_attempt, outcome.next_look, outcome.hooks.next_try}) {
    if (time) next = std::min(next.value_or(*time), *time);
  }
  return next;
}

// Hooks of a pair that failed are about the last failure of the two.
CertificateState last_failed_state(const CertificateStore& certificates,
                                   const CertificateSpec& spec) {
  CertificateState latest = certificates.state(spec.id);
  for (const KeyType type : spec.key_types) {
    const auto further = further_type(spec.key_types, type);
    if (!further) continue;
    CertificateState state = certificates.state(spec.id, further);
    if (!state.last_failure) continue;
    if (!latest.last_failure || latest.last_failure->at < state.last_failure->at) {
      latest = std::move(state);
    }
  }
  return latest;
}

// For start_delay(): of the certificates whose life is over for the most part. None when one of the
// store has nothing good to serve, or other names than are wished for: then somebody waits.
std::vector<WallTime> expiries_of_due(const CertificateStore& certificates, WallTime now) {
  constexpr double kEarliest = 1;  // jitter: the most
  std::vector<WallTime> expiries;
  try {
    const std::vector<std::string> ids = certificates.ids();
    if (ids.size() > Manager::kMostLookedAt) return {};  // they go a few at a time anyway
    for (const std::string& id : ids) {
      const auto spec = certificates.spec(id);
      const auto current = certificates.current(id);
      if (!spec || !current || !trouble_with(*current->key, spec->names).empty()) return {};
      const CertifiedKey& key = *current->key;
      if (renewal_due(key.not_before(), key.not_after(), kEarliest).at > now) continue;
      expiries.push_back(key.not_after());
    }
  } catch (const Error&) {
    return {};  // what cannot be read is told by the look that follows
  }
  return expiries;
}

}  // namespace

Manager::Manager(CertificateStore& certificates, IssuerFactory issuers, Clock& clock,
                 Random& random, EventSink events, HookRunner* hooks, Leftovers* leftovers)
    : certificates_(certificates),
      issuers_(std::move(issuers)),
      clock_(clock),
      random_(random),
      events_(std::move(events)),
      hooks_(certificates_, hooks, clock_, events_),
      leftovers_(leftovers) {}

std::string Manager::manage(const CertificateSpec& wish) {
  CertificateSpec spec = wish;
  spec.id = id_for_wish(certificates_, wish);
  check_certificate_id(spec.id);
  const auto before = certificates_.spec(spec.id);
  if (before && *before == spec && is_indexed(spec)) return spec.id;
  certificates_.put_spec(spec);
  if (before && *before != spec) forget_back_off(spec, before->key_types);
  return spec.id;
}

// A crash may have come between the wish and the index of its names.
bool Manager::is_indexed(const CertificateSpec& spec) const {
  return std::all_of(spec.names.begin(), spec.names.end(), [&](const Identifier& name) {
    return certificates_.id_for_name(name.value) == spec.id;
  });
}

// What failed may have been what was changed now.
void Manager::forget_back_off(const CertificateSpec& spec, const std::vector<KeyType>& before) {
  try {
    const auto lock = certificates_.lock(spec.id, clock_.steady(), {});
    if (spec.key_types != before) certificates_.rename_parts(spec.id, before, spec.key_types);
    for (const KeyType type : spec.key_types) {
      const auto further = further_type(spec.key_types, type);
      CertificateState state = certificates_.state(spec.id, further);
      if (!state.next_attempt || state.binding) continue;
      state.next_attempt.reset();
      state.next_reason.clear();
      certificates_.put_state(spec.id, state, Store::Survives::power_cut, further);
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::locked) throw;  // locked: it is being tried right now
  }
}

Outcome Manager::attempt(const std::string& id, const RunOptions& options, std::stop_token stop) {
  return Attempt(certificates_, issuers_, clock_, random_, events_, hooks_, leftovers_, id, options,
                 std::move(stop))
      .run();
}

void Manager::count(const Outcome& outcome) noexcept {
  const auto add = [this](Outcome::Action action, bool told_before) {
    if (!told_before) {
      results_[static_cast<std::size_t>(action)].fetch_add(1, std::memory_order_relaxed);
    }
  };
  if (outcome.parts.empty()) add(outcome.action, outcome.told_before);
  for (const Outcome::Part& part : outcome.parts) add(part.action, part.told_before);
}

bool Manager::has_hooks_due(const std::string& id, bool person) const {
  try {
    const auto spec = certificates_.spec(id);
    if (!spec) return false;
    const CertificateState state = last_failed_state(certificates_, *spec);
    const auto current = certificates_.current(id);
    return hooks_.is_due({*spec, state, current ? &*current : nullptr}, person);
  } catch (const Error&) {
    return false;  // run_once tells it
  }
}

Outcome Manager::roll_back(const std::string& id, std::optional<std::uint64_t> number,
                           const RunOptions& options, std::stop_token stop) {
  const auto lock = certificates_.lock(id, clock_.steady() + options.lock_wait, stop);
  const Generation chosen = acme::roll_back(certificates_, *lock, id, number, clock_.wall());
  Outcome outcome;
  outcome.certificate = id;
  outcome.generation = chosen.number;
  outcome.not_after = chosen.key->not_after();
  outcome.text = "generation " + std::to_string(chosen.number) + " is in place";
  const auto spec = certificates_.spec(id);
  if (!spec) return outcome;
  for (const KeyType type : spec->key_types) {
    const auto next = plan_attempt(*spec, type, &chosen,
                                   certificates_.state(id, further_type(spec->key_types, type)), {},
                                   clock_.wall())
                          .next;
    if (next) outcome.next_attempt = std::min(outcome.next_attempt.value_or(*next), *next);
  }
  const CertificateState state = last_failed_state(certificates_, *spec);
  try {
    outcome.hooks = hooks_.perform({*spec, state, &chosen, "rollback"}, true, std::move(stop));
  } catch (const Error& error) {
    outcome.hooks.error = error;  // the switch is made
  }
  return outcome;
}

std::vector<Outcome> Manager::run_once(const RunOptions& options, std::stop_token stop) {
  const std::vector<std::string> ids = options.only.empty() ? certificates_.ids() : options.only;
  std::vector<Outcome> outcomes(ids.size());
  std::atomic<std::size_t> next{0};
  const auto worker = [&] {
    for (std::size_t i; (i = next.fetch_add(1)) < ids.size();) {
      outcomes[i] = attempt(ids[i], options, stop);
      count(outcomes[i]);
    }
  };
  const auto most = static_cast<std::size_t>(std::max(options.at_once, 1));
  {
    std::vector<std::jthread> helpers;
    try {
      for (std::size_t i = 1; i < std::min(most, ids.size()); ++i) helpers.emplace_back(worker);
    } catch (const std::system_error&) {
      // No more threads to be had: those there are do it all.
    }
    worker();
  }
  return outcomes;
}

void Manager::run(std::stop_token stop) {
  const RunOptions options;
  const EventSink silence;
  LargeStoreLooks large(
      certificates_, clock_,
      [&](const std::string& id) {
        return Attempt(certificates_, issuers_, clock_, random_, silence, hooks_, leftovers_, id,
                       options, stop)
            .idle_until();
      },
      [&](const std::vector<std::string>& ids) {
        RunOptions due;
        due.only = ids;
        const WallTime latest = clock_.wall() + kLongestSleep;
        for (const Outcome& outcome : run_once(due, stop)) {
          large.note(outcome.certificate, next_of(outcome).value_or(latest));
        }
      });
  const WallTime started = clock_.wall();
  const auto delay =
      start_delay(expiries_of_due(certificates_, started), started, random_.uniform());
  bool woken = delay.count() > 0 && pause(started + delay, stop);
  while (!stop.stop_requested()) {
    WallTime next = clock_.wall() + kLongestSleep;
    try {
      const bool is_large = certificates_.listed().size() > kMostLookedAt;
      next = std::min(next, is_large ? large.look(woken, stop) : look_at_all(stop));
    } catch (const Error& error) {
      if (events_) events_({Event::Level::error, {}, error.what(), error.hint()});
    }
    woken = pause(std::max(next, clock_.wall() + kShortestSleep), stop);
  }
}

WallTime Manager::look_at_all(const std::stop_token& stop) {
  WallTime next = clock_.wall() + kLongestSleep;
  for (const Outcome& outcome : run_once({}, stop)) {
    next = std::min(next, next_of(outcome).value_or(next));
  }
  return next;
}

// True: by wake().
bool Manager::pause(WallTime until, const std::stop_token& stop) {
  std::stop_source sleep;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(woken_, false)) return true;
    sleep_ = sleep;
  }
  const std::stop_callback stopped(stop, [&] { sleep.request_stop(); });
  clock_.sleep_until_wall(until, sleep.get_token());
  const std::lock_guard lock(mutex_);
  sleep_ = std::stop_source(std::nostopstate);
  return std::exchange(woken_, false);
}

void Manager::wake() noexcept {
  const auto sleep = [this] {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    return sleep_;
  };
  sleep().request_stop();  // outside the lock: it runs other people's callbacks
}

std::optional<WallTime> Manager::next_look() const {
  std::optional<WallTime> next;
  const RunOptions options;
  const EventSink silence;
  for (const std::string& id : certificates_.ids()) {
    WallTime at = clock_.wall();
    try {
      at = Attempt(certificates_, issuers_, clock_, random_, silence, hooks_, leftovers_, id,
                   options, {})
               .next_look();
    } catch (const Error&) {
      // Unreadable: to be looked at now, and told then.
    }
    next = next ? std::min(*next, at) : at;
  }
  return next;
}

}  // namespace autohttps::acme
