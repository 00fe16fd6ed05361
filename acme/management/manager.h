// Keeps every certificate of a store good. Per certificate: lock, re-read, due?, limits, issue,
// check, add, flip, state.
#pragma once

#include <autohttps/acme/issuance/issuer.h>
#include <autohttps/acme/management/hook_duties.h>
#include <autohttps/acme/management/limits.h>
#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/acme/store/leftovers.h>
#include <autohttps/common/error.h>
#include <autohttps/common/event.h>
#include <autohttps/common/random.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace autohttps::acme {

struct Outcome {
  enum class Action { none, issued, renewed, deferred, failed } action = Action::none;
  static constexpr std::size_t kActions = 5;
  std::string certificate;
  std::string text;              // for a person: "valid for 59 more days, due in 29 days"
  std::optional<Error> error;    // failed and deferred
  std::uint64_t generation = 0;  // the one in place now; 0: none
  std::optional<WallTime> not_after;
  std::optional<WallTime> next_attempt;
  bool told_before = false;  // deferred: it still waits after a failure that was told when it came
  HookOutcome hooks;         // a certificate can be renewed and its deploy hook fail

  // When to look again, where that is before next_attempt: the CA may be asked then what it
  // suggests.
  std::optional<WallTime> next_look{};
  // One for each key type of the wish. What is said above is of them all: failed when one is.
  struct Part {
    KeyType key_type = KeyType::ec256;
    Action action = Action::none;
    std::string text{};
    std::optional<Error> error{};
    std::optional<WallTime> not_after{}, next_attempt{};
    bool told_before = false;
  };
  std::vector<Part> parts{};
};

struct RunOptions {
  std::vector<std::string> only;  // ids; empty: all
  bool person = false;            // skips back-off, never limits or Retry-After
  bool force = false;             // issues although not due
  int at_once = 8;                // orders at a time: most of an order is waiting
  // The caller looks again only after so long (cron): a moment that the CA suggested and that would
  // pass meanwhile is now (RFC 9773 4.2).
  std::chrono::seconds until_next_look{0};
  // Asks CAs what they suggest, where that is due, and does nothing else: for who has to know what
  // is due before anything is ordered.
  bool only_ask = false;
  std::chrono::seconds lock_wait{0};  // another process works on the certificate: wait this long,
                                      // then Outcome deferred(locked)
};

// Makes the Issuer of one attempt at one CA; it and the Budget live as long as the attempt.
using IssuerFactory =
    std::function<std::unique_ptr<Issuer>(const CertificateSpec&, const CaSpec&, Budget&)>;

// Thread-safe, owns no thread that outlives a call.
class Manager {
 public:
  // `hooks` null: hooks are left for other processes. `leftovers` null: nothing is put up here that
  // could be left.
  Manager(CertificateStore&, IssuerFactory, Clock&, Random&, EventSink, HookRunner* hooks = nullptr,
          Leftovers* leftovers = nullptr);

  // Writes the wish and returns the certificate's id; idempotent. An empty id: the certificate that
  // has these names, or fewer of them and gets the others too; else a new one named after the first
  // name. Throws Error(config) when the names belong to another certificate (says which command
  // replaces and which adds, DESIGN 4), Error(storage).
  std::string manage(const CertificateSpec&);

  // `renew`: all that is due, a few at a time; one failure stops no other; throws only for a store
  // that cannot be listed.
  std::vector<Outcome> run_once(const RunOptions&, std::stop_token);

  // How many of run_once's outcomes, also in run(), were such, those told before apart.
  std::uint64_t attempts(Outcome::Action result) const noexcept {
    return results_[static_cast<std::size_t>(result)].load(std::memory_order_relaxed);
  }

  // Hooks of configuration files, in place of those before.
  void configure_hooks(std::vector<ConfiguredHooks> hooks) { hooks_.configure(std::move(hooks)); }
  const HookDuties& hooks() const noexcept { return hooks_; }
  // Would run_once run a hook of it, although nothing is due? Never throws for what is damaged.
  bool has_hooks_due(const std::string& id, bool person) const;

  // Back to a generation that was in place before: `number`, or the newest before the current one
  // that may be. Servers swap by themselves; deploy hooks run. Throws Error(config) that says why
  // it may not be, Error(locked), Error(storage).
  Outcome roll_back(const std::string& id, std::optional<std::uint64_t> number, const RunOptions&,
                    std::stop_token);

  // `serve`: run_once for ever, sleeping until the next is due (at most an hour, so that wishes of
  // other processes are noticed). In a store with more than kMostLookedAt certificates each look is
  // at what is due or has changed, see LargeStoreLooks.
  void run(std::stop_token);
  void wake() noexcept;  // look now
  static constexpr std::size_t kMostLookedAt = 100;

  // When something is next to be done; empty: nothing is managed. For status and for run().
  std::optional<WallTime> next_look() const;

 private:
  void count(const Outcome&) noexcept;
  Outcome attempt(const std::string& id, const RunOptions&, std::stop_token);
  bool is_indexed(const CertificateSpec&) const;
  void forget_back_off(const CertificateSpec&, const std::vector<KeyType>& before);
  WallTime look_at_all(const std::stop_token&);
  bool pause(WallTime until, const std::stop_token&);

  CertificateStore& certificates_;
  IssuerFactory issuers_;
  Clock& clock_;
  Random& random_;
  EventSink events_;
  HookDuties hooks_;
  Leftovers* const leftovers_;

  std::array<std::atomic<std::uint64_t>, Outcome::kActions> results_{};  // by Action

  std::mutex mutex_;
  bool woken_ = false;                        // guarded by mutex_
  std::stop_source sleep_{std::nostopstate};  // guarded by mutex_: ends run()'s sleep
};

}  // namespace autohttps::acme
