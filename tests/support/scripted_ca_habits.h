// What Let's Encrypt does besides RFC 8555, for the scripted CA: rate limits by token bucket, with
// its words and Retry-After, and names that are paused after failing for too long.
#pragma once

#include <autohttps/tests/support/scripted_ca_jws.h>

#include <autohttps/common/clock.h>
#include <autohttps/common/identifier.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace autohttps {

struct ScriptedCaBehaviour;

// A bucket of `most` that fills up again evenly over `span`.
struct CaRate {
  int most;
  std::chrono::seconds span;
};

// letsencrypt.org/docs/rate-limits as of August 2026. Empty members: no such limit.
struct CaHabits {
  std::optional<CaRate> accounts{{10, std::chrono::hours(3)}};  // per address: of all clients here
  std::optional<CaRate> orders{{300, std::chrono::hours(3)}};   // per account
  std::optional<CaRate> failures{{5, std::chrono::hours(1)}};   // per account and name
  std::optional<CaRate> duplicates{{5, std::chrono::hours(24 * 7)}};  // per exact set of names
  std::optional<CaRate> domain{{50, std::chrono::hours(24 * 7)}};     // per registered domain
  int failures_to_pause = 1152;  // in a row, of a name of an account; one is forgotten a day
};

// As Let's Encrypt is by nature: an identical order that is pending or ready is returned, valid
// authorizations serve again, finalize answers before the certificate is there; and its habits.
ScriptedCaBehaviour lets_encrypt();

// The lock is the CA's business. Throws CaProblem for what is refused.
class CaCounters {
 public:
  void account(const CaHabits&, WallTime now);
  // `replacement`: RFC 9773's `replaces` was accepted; no limit concerns such an order. Of an exact
  // set that had a certificate before, only its own number counts.
  void order(const CaHabits&, const std::string& account, const std::vector<Identifier>& names,
             bool replacement, WallTime now);
  void failed(const CaHabits&, const std::string& account, const Identifier& name, WallTime now);
  void validated(const std::string& account, const Identifier& name);
  void issued(const CaHabits&, const std::vector<Identifier>& names, bool replacement,
              WallTime now);
  void unpause(const std::string& account);

  const std::vector<std::string>& refusals() const noexcept { return refusals_; }

 private:
  struct Bucket {
    double used = 0;
    WallTime at{};
  };
  using Limit = std::optional<CaRate>;

  Bucket& bucket(const std::string& name, const CaRate&, WallTime now);
  void check(const Limit&, const std::string& name, const std::string& what,
             const std::string& section, WallTime now);
  void spend(const Limit&, const std::string& name, WallTime now);
  [[noreturn]] void refuse(const CaProblem&);

  std::map<std::string, Bucket> buckets_;
  std::set<std::string> issued_;                         // exact sets
  std::map<std::string, std::set<std::string>> paused_;  // account -> names
  std::vector<std::string> refusals_;                    // details, in order
};

}  // namespace autohttps
