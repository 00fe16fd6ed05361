// One look at one certificate, and what follows: lock, re-read, due?, limits, issue, check, add,
// flip, state.
#pragma once

#include <autohttps/acme/management/attempt_plan.h>
#include <autohttps/acme/management/manager.h>
#include <autohttps/acme/store/leftovers.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace autohttps::acme {

// Used once, by one thread.
class Attempt {
 public:
  Attempt(CertificateStore&, const IssuerFactory&, Clock&, Random&, const EventSink&,
          const HookDuties&, Leftovers*, std::string id, const RunOptions&, std::stop_token);

  // Never throws for what concerns this certificate: it is in the Outcome.
  Outcome run();

  // What run() would do: for status and for the next look. Throws what the store throws.
  AttemptPlan look();
  // The same look: is there anything that run() would do? Empty: there is; else when to look again.
  std::optional<WallTime> idle_until();

 private:
  void work();
  void attempt(const StoreLock&, const AttemptPlan&);
  void tell(const AttemptPlan&);
  void leave_to_others(const std::string& obstacle);
  HookSubject subject() const;
  bool has_hooks_due() const;
  bool has_leftovers_due() const;
  void take_down_leftovers(bool due);
  void run_hooks();
  void begin();
  Bundle issue();
  Bundle issue_at(const CaSpec&);
  void save(const StoreLock&, const Bundle&, const std::string& cause);
  void plan_after_success(const CertifiedKey&, WallTime now);
  void fail(const Error&);
  void record_failure(const Error&, std::string_view code);
  void describe_current();
  bool is_displaced() const;
  void repair(const StoreLock&);
  void event(Event::Level, const std::string& text, const std::string& hint = {}) const;
  // After the flip nothing may undo it: what fails here is told and left.
  template <typename Call>
  void or_warn(const std::string& doing, Call&&) const;

  CertificateStore& certificates_;
  const IssuerFactory& issuers_;
  Clock& clock_;
  Random& random_;
  const EventSink& events_;
  const HookDuties& hooks_;
  Leftovers* const leftovers_;  // null: nothing here puts anything up
  const std::string id_;
  const RunOptions& options_;
  const std::stop_token stop_;

  CertificateSpec spec_;
  CertificateState state_;
  std::optional<Generation> current_;
  std::string trouble_;                        // with what `current` points to
  std::shared_ptr<const CertifiedKey> fresh_;  // what issue() brought, checked
  Outcome outcome_;
};

}  // namespace autohttps::acme
