// One look at one certificate, and what follows: lock, re-read, and each key type's turn, one after
// the other.
#pragma once

#include <autohttps/acme/management/manager.h>
#include <autohttps/acme/management/part_attempt.h>
#include <autohttps/acme/store/leftovers.h>

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace autohttps::acme {

// Used once, by one thread.
class Attempt {
 public:
  Attempt(CertificateStore&, const IssuerFactory&, Clock&, Random&, const EventSink&,
          const HookDuties&, Leftovers*, std::string id, const RunOptions&, std::stop_token);

  // Never throws for what concerns this certificate: it is in the Outcome.
  Outcome run();

  // When run() would do something next, now included: for the next look. Throws what the store
  // throws.
  WallTime next_look();
  // The same look: is there anything that run() would do? Empty: there is; else when to look again.
  std::optional<WallTime> idle_until();

 private:
  void look();
  void work();
  bool has_work();
  bool is_issue_due() const;
  bool is_poll_due() const;
  void poll(const StoreLock&);
  void issue_due(const StoreLock&);
  bool pre_hooks_fail(const std::vector<PartAttempt*>& due);
  void leave_to_others(const std::vector<PartAttempt*>& due, const std::string& obstacle);
  HookSubject subject() const;
  bool has_hooks_due() const;
  bool has_leftovers_due() const;
  void take_down_leftovers(bool due);
  void run_hooks();
  bool is_displaced() const;
  void repair(const StoreLock&);
  void fail(const Error&);
  void conclude();

  const HookDuties& hooks_;
  Leftovers* const leftovers_;  // null: nothing here puts anything up
  AttemptScene scene_;
  std::vector<PartAttempt> parts_;
  bool is_first_ = false;  // there was no certificate when it began
  Outcome outcome_;
};

}  // namespace autohttps::acme
