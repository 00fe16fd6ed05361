// One key type's turn in a look at a certificate: due?, limits, issue, check, add, flip, state.
// Each has a plan, a failure and an order under way of its own.
#pragma once

#include <autohttps/acme/management/attempt_plan.h>
#include <autohttps/acme/management/manager.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace autohttps::acme {

// What the turns of one look share. Borrowed things outlive it.
struct AttemptScene {
  CertificateStore& certificates;
  const IssuerFactory& issuers;
  Clock& clock;
  Random& random;
  const EventSink& events;
  const std::string id;
  const RunOptions& options;
  const std::stop_token stop;

  CertificateSpec spec{};
  std::optional<Generation> current{};
  std::string trouble{};  // with what `current` points to

  void event(Event::Level, const std::string& text, const std::string& hint = {}) const;
  // After the flip nothing may undo it: what fails here is told and left.
  template <typename Call>
  void or_warn(const std::string& doing, Call&& call) const {
    try {
      call();
    } catch (const Error& error) {
      event(Event::Level::warning, doing + ": " + error.what(), error.hint());
    }
  }
};

// Used once, by one thread.
class PartAttempt {
 public:
  // Reads its state and makes its plan of the scene's spec and generation.
  PartAttempt(AttemptScene&, KeyType);

  const AttemptPlan& plan() const noexcept { return plan_; }
  const CertificateState& state() const noexcept { return state_; }
  const Outcome::Part& outcome() const noexcept { return outcome_; }
  bool is_poll_due() const;
  WallTime next_look() const;  // when something is to be done, or the CA to be asked

  // Asks the CA what it suggests, and plans anew. The caller holds the certificate's lock. No
  // failure of it is a failure of the certificate.
  void poll();
  // Nothing is to be done, or not yet.
  void tell();
  // Written before the CA is asked for anything: a store that cannot be written must show itself
  // before an order costs something.
  void begin();
  // A certificate, saved and in place, or why not: all of it is in the outcome, and written down.
  void issue(const StoreLock&);
  void fail(const Error&);
  void leave(const std::string& text, const Error&, WallTime next);

 private:
  void plan_anew();
  const GenerationPart* part() const;
  std::string named(const std::string& text) const;
  std::optional<RenewalInfo> ask(const GenerationPart&, const std::string& certificate);
  Bundle order();
  Bundle order_at(const CaSpec&);
  std::optional<std::string> replaced_at(const CaSpec&) const;
  void save(const StoreLock&, const Bundle&);
  void plan_after_success(const CertifiedKey&, WallTime now);
  void record_failure(const Error&);

  AttemptScene& scene_;
  const KeyType type_;
  const std::optional<KeyType> further_;
  CertificateState state_;
  std::optional<WallTime> attempted_before_;  // set by begin()
  AttemptPlan plan_;
  std::shared_ptr<const CertifiedKey> fresh_;  // what order() brought, checked
  Outcome::Part outcome_;
};

}  // namespace autohttps::acme
