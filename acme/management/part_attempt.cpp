#include <autohttps/acme/management/part_attempt.h>

#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/acme/issuance/csr.h>
#include <autohttps/acme/management/fallback.h>
#include <autohttps/acme/management/part_journal.h>
#include <autohttps/acme/management/renewal_advice.h>
#include <autohttps/acme/management/retry_policy.h>
#include <autohttps/acme/protocol/certificate_identifier.h>
#include <autohttps/acme/protocol/problem.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/acme/store/key_types.h>
#include <autohttps/common/advice.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace autohttps::acme {
namespace {

using Action = Outcome::Action;
using Level = Event::Level;
using Step = AttemptPlan::Step;

constexpr std::chrono::minutes kSoon{1};         // look again after trouble of our own
constexpr std::chrono::hours kClockIsWrong{24};  // between attempts of a clock that is wrong
constexpr int kMostCounted = 1'000'000;          // failures in a row

std::string failure_code(const Error& error) {
  const auto* problem = dynamic_cast<const ProblemError*>(&error);
  return std::string(problem != nullptr ? problem->problem().short_type()
                                        : code_name(error.code()));
}

}  // namespace

void AttemptScene::event(Level level, const std::string& text, const std::string& hint) const {
  if (events) events({level, id, text, hint});
}

PartAttempt::PartAttempt(AttemptScene& scene, KeyType type)
    : scene_(scene), type_(type), further_(further_type(scene.spec.key_types, type)) {
  state_ = scene_.certificates.state(scene_.id, further_);
  outcome_.key_type = type_;
  plan_anew();
}

void PartAttempt::plan_anew() {
  const AttemptWish wish{scene_.options.person, scene_.options.force,
                         scene_.options.until_next_look};
  plan_ = plan_attempt(scene_.spec, type_, scene_.current ? &*scene_.current : nullptr, state_,
                       wish, scene_.clock.wall());
  if (part() != nullptr) outcome_.not_after = part()->key->not_after();
  outcome_.text = plan_.text;
  outcome_.next_attempt = plan_.next;
}

const GenerationPart* PartAttempt::part() const {
  return scene_.current ? scene_.current->part(type_) : nullptr;
}

// Of a pair, which of the two.
std::string PartAttempt::named(const std::string& text) const {
  if (scene_.spec.key_types.size() < 2) return text;
  return std::string(key_type_name(type_)) + ": " + text;
}

bool PartAttempt::is_poll_due() const { return plan_.poll && *plan_.poll <= scene_.clock.wall(); }

WallTime PartAttempt::next_look() const {
  const WallTime next = plan_.next.value_or(scene_.clock.wall());
  return std::min(next, plan_.poll.value_or(next));
}

// --- what the CA suggests ---

std::optional<RenewalInfo> PartAttempt::ask(const GenerationPart& part,
                                            const std::string& certificate) {
  const auto& cas = scene_.spec.cas;
  const auto ca = std::find_if(cas.begin(), cas.end(), [&](const CaSpec& candidate) {
    return candidate.directory_url == part.meta.ca;
  });
  if (ca == cas.end()) return std::nullopt;
  Ledger ledger(scene_.certificates.store(), ca->directory_url);
  LedgerBudget budget(Limits::preset("none"), ledger, scene_.clock, type_);  // it costs none
  return scene_.issuers(scene_.spec, *ca, budget)->renewal_info(certificate, scene_.stop);
}

void PartAttempt::poll() {
  const GenerationPart& current = *part();
  const std::string certificate = certificate_identifier(*current.key).value_or(std::string());
  const auto before = state_.advice;
  try {
    const auto info = ask(current, certificate);
    const WallTime now = scene_.clock.wall();
    state_.advice = info ? advised(before, certificate, *info,
                                   {current.key->not_before(), current.key->not_after()},
                                   scene_.random.uniform(), now)
                         : never_advised(certificate, now);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::canceled) throw;
    state_.advice = unadvised(before, certificate, error, scene_.clock.wall());
  }
  const RenewalAdvice& advice = *state_.advice;
  if (!advice.trouble.empty()) {
    scene_.event(Level::debug, named("no renewal information: " + advice.trouble));
  }
  const bool moved = !before || before->pick != advice.pick;
  if (advice.pick && moved) {
    scene_.event(Level::debug,
                 named("the CA suggests renewal " + format_rfc3339(*advice.start) + " to " +
                       format_rfc3339(*advice.end) + "; chosen: " + format_rfc3339(*advice.pick)));
  }
  if (!advice.explanation.empty() && (!before || before->explanation != advice.explanation)) {
    scene_.event(Level::step,
                 named("the CA explains when it wants renewal at " + advice.explanation));
  }
  scene_.or_warn("writing down what the CA suggests", [&] {
    scene_.certificates.put_state(scene_.id, state_, Store::Survives::power_cut, further_);
  });
  plan_anew();
}

// --- its turn ---

void PartAttempt::tell() {
  outcome_.action = plan_.step == Step::wait ? Action::deferred : Action::none;
  outcome_.text = plan_.text;
  outcome_.next_attempt = plan_.next;
  scene_.event(Level::debug, named(plan_.text));
  if (plan_.step != Step::wait) return;
  outcome_.told_before = true;
  outcome_.error =
      Error(plan_.binding ? ErrorCode::rate_limited : ErrorCode::deferred, named(plan_.text),
            plan_.binding ? "this wait is the CA's or a limit's: it cannot be skipped"
                          : "`autohttps retry` tries again at once");
  if (plan_.next) outcome_.error->with_retry_at(*plan_.next);
}

void PartAttempt::leave(const std::string& text, const Error& error, WallTime next) {
  outcome_.action = Action::deferred;
  outcome_.text = text;
  outcome_.error = error;
  outcome_.next_attempt = next;
}

void PartAttempt::begin() {
  if (plan_.cause == kRevokedCause) {
    scene_.event(Level::warning, named("the certificate in place was revoked: browsers may refuse "
                                       "it; it is served until there is another"));
  }
  attempted_before_ = std::exchange(state_.last_attempt, scene_.clock.wall());
  // Shown, not relied on.
  scene_.certificates.put_state(scene_.id, state_, Store::Survives::process_end, further_);
  const auto pending = scene_.certificates.pending(scene_.id, further_);
  const GenerationPart* current = part();
  if (pending && current != nullptr && led_to(*pending, *current)) {
    scene_.certificates.clear_pending(scene_.id, further_);
  }
}

void PartAttempt::issue(const StoreLock& lock) {
  try {
    if (scene_.stop.stop_requested()) {
      throw Error(ErrorCode::canceled, "stopped before its turn");
    }
    save(lock, order());
  } catch (const Error& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail(Error(ErrorCode::internal, error.what()));
  }
}

Bundle PartAttempt::order() {
  const auto& cas = scene_.spec.cas;
  for (std::size_t i = 0; i + 1 < cas.size(); ++i) {
    try {
      return order_at(cas[i]);
    } catch (const Error& error) {
      if (!may_another_ca_help(error)) throw;
      scene_.event(Level::warning,
                   named(std::string(error.what()) + "; trying \"" + cas[i + 1].directory_url +
                         "\" instead"),
                   error.hint());
    }
  }
  if (cas.empty()) {
    throw Error(ErrorCode::config, "no CA is configured for \"" + scene_.id + "\"",
                "give one by --server");
  }
  return order_at(cas.back());
}

Bundle PartAttempt::order_at(const CaSpec& ca) {
  Ledger ledger(scene_.certificates.store(), ca.directory_url);
  LedgerBudget budget(Limits::of(ca), ledger, scene_.clock, type_);
  PartJournal journal(scene_.certificates, scene_.id, scene_.spec.key_types, type_);
  const auto issuer = scene_.issuers(scene_.spec, ca, budget);
  IssueRequest request{.certificate = scene_.id,
                       .names = scene_.spec.names,
                       .key_type = type_,
                       .profile = scene_.spec.profile,
                       .replaces = replaced_at(ca),
                       .preferred_chain = scene_.spec.preferred_chain};
  if (!scene_.spec.csr.empty()) request.csr_der = request_der(scene_.spec.csr);
  // A key that leaked is used no more, and a CA that was told so takes it no more.
  if (scene_.spec.reuse_key && part() != nullptr && !is_elsewhere(part()->key->key()) &&
      !is_compromised(state_, *part())) {
    request.key_pem = part()->key->key().to_pem();
  }
  Bundle bundle = issuer->issue(request, journal, scene_.stop);
  try {
    fresh_ = check_bundle(bundle, scene_.spec.names, bundle.ca_time.value_or(scene_.clock.wall()));
  } catch (const Error&) {
    journal.clear();  // that certificate is no good, and will not get better
    throw;
  }
  return bundle;
}

// RFC 9773 5: the certificate in place, if this CA gave it to the same account.
std::optional<std::string> PartAttempt::replaced_at(const CaSpec& ca) const {
  const GenerationPart* current = part();
  if (current == nullptr || current->meta.ca != ca.directory_url) return std::nullopt;
  const auto account =
      AccountStore(scene_.certificates.store(), ca.directory_url, ca.account_label).load();
  if (!account || account->url != current->meta.account) return std::nullopt;
  return certificate_identifier(*current->key);
}

void PartAttempt::save(const StoreLock& lock, const Bundle& bundle) {
  const WallTime now = scene_.clock.wall();
  const bool is_first = part() == nullptr;
  const std::uint64_t number =
      scene_.certificates.add(lock, scene_.id, bundle, plan_.cause, now, scene_.spec.key_types);
  outcome_.action = is_first ? Action::issued : Action::renewed;
  outcome_.not_after = fresh_->not_after();
  plan_after_success(*fresh_, now);
  // The certificate speaks for itself after a power cut; only what it cannot tell is worth a sync.
  const auto survives =
      state_.next_attempt ? Store::Survives::power_cut : Store::Survives::process_end;
  scene_.or_warn("writing down the success",
                 [&] { scene_.certificates.put_state(scene_.id, state_, survives, further_); });
  scene_.or_warn("clearing the order that is done",
                 [&] { scene_.certificates.clear_pending(scene_.id, further_); });
  outcome_.text = "saved generation " + std::to_string(number) + ", valid until " +
                  format_rfc3339(fresh_->not_after()).substr(0, 10) + " (" +
                  format_relative(fresh_->not_after(), now) + ")";
  scene_.event(Level::done, named(outcome_.text));
  scene_.or_warn("reading what was saved",
                 [&] { scene_.current = scene_.certificates.current(scene_.id, &scene_.trouble); });
}

void PartAttempt::plan_after_success(const CertifiedKey& key, WallTime now) {
  state_.failures = 0;
  state_.last_success = now;
  state_.next_attempt.reset();
  state_.next_reason.clear();
  state_.binding = false;
  state_.advice.reset();  // it was about the one before
  state_.jitter = scene_.random.uniform();
  const Due due = renewal_due(key.not_before(), key.not_after(), *state_.jitter);
  outcome_.next_attempt = due.at;
  if (due.at > now) return;
  // Fresh from the CA and due already: our clock is ahead of the CA's. Asking again would not help
  // (RELIABILITY I11).
  state_.next_attempt =
      now + std::min<WallTime::duration>(kClockIsWrong, (key.not_after() - key.not_before()) / 2);
  state_.next_reason = "this machine's clock is ahead of the CA's";
  outcome_.next_attempt = state_.next_attempt;
  scene_.event(Level::warning,
               named("this machine's clock says " + format_rfc3339(now) +
                     ", by which a certificate from just now is due already"),
               "set the clock (timedatectl set-ntp true)");
}

void PartAttempt::record_failure(const Error& error) {
  const WallTime now = scene_.clock.wall();
  state_.failures = std::min(state_.failures + 1, kMostCounted);
  std::optional<WallTime> not_after;
  if (part() != nullptr) not_after = part()->key->not_after();
  const Retry retry =
      retry_after_failure(error, state_.failures, now, not_after, scene_.random.uniform());
  state_.next_attempt = retry.at;
  state_.next_reason = retry.reason;
  state_.binding = retry.binding;
  state_.last_failure = Failure{now, failure_code(error), error.what(), next_step(error)};
  outcome_.next_attempt = retry.at;
  scene_.or_warn("writing down the failure", [&] {
    scene_.certificates.put_state(scene_.id, state_, Store::Survives::power_cut, further_);
  });
}

void PartAttempt::fail(const Error& error) {
  const bool is_ours = error.code() == ErrorCode::deferred || error.code() == ErrorCode::locked;
  const bool waits = is_ours || error.code() == ErrorCode::rate_limited;
  outcome_.action = waits ? Action::deferred : Action::failed;
  outcome_.error = error;
  outcome_.text = error.what();
  if (error.code() == ErrorCode::canceled) {
    // No failure; but nobody is at it any more, and `status` is not to say so.
    state_.last_attempt = attempted_before_;
    scene_.or_warn("writing down that it was stopped", [&] {
      scene_.certificates.put_state(scene_.id, state_, Store::Survives::process_end, further_);
    });
    return;
  }
  outcome_.next_attempt = scene_.clock.wall() + kSoon;
  record_failure(error);
  const WallTime now = scene_.clock.wall();
  // That another process is at it, or our own waiting time, is no failure; a limit that is met is.
  Event told{
      is_ours ? Level::warning : Level::error, scene_.id,
      named(outcome_.text + "; next attempt " + format_relative(*outcome_.next_attempt, now)),
      next_step(error)};
  if (const GenerationPart* current = part()) {
    const CertifiedKey& key = *current->key;
    told.life_left = life_left(key.not_before(), key.not_after(), now);
    told.text += "; the certificate in place: " + validity(*current, now);
  }
  if (scene_.events) scene_.events(told);
}

}  // namespace autohttps::acme
