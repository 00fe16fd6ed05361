// What may be asked of a CA (RELIABILITY I4): data, set by preset or by ca.limits. No rule looks at
// a host name.
#pragma once

#include <autohttps/acme/issuance/issuer.h>
#include <autohttps/acme/store/ledger.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/error.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// Empty members: no limit. What bounds a single attempt (its requests, its time) holds for every CA
// and is not here.
struct Limits {
  std::string name;
  std::optional<int> new_accounts_per_day;
  std::optional<int> failed_validations_first_day;  // per exact set of names
  std::optional<int> failed_validations_per_day;    // after the first day of failing
  std::optional<int> certificates_per_set_per_day;  // per exact set and key type
  std::optional<int> orders_per_three_hours;

  // letsencrypt, letsencrypt-staging, conservative, none. Throws Error(config) listing them.
  static Limits preset(std::string_view name);
  static Limits of(const CaSpec&);  // those it is asked by; none named: the conservative ones
};

// Would one more `kind` for this exact set and key type go over? Then the Error(rate_limited):
// which limit, and when it frees up. Pure; `entries` are the ledger's of the last kLedgerSpan, in
// any order. Entries more than a day ahead of `now` were written by a clock that was wrong and do
// not count.
std::optional<Error> over_limit(const Limits&, Budget::Spend kind,
                                const std::vector<LedgerEntry>& entries, const std::string& set,
                                std::string_view key_type, WallTime now);

// How much of one limit is used up. For people: over_limit() decides.
struct Allowance {
  std::string what;  // "certificates for these names (ec256) in 24 hours"
  int used = 0;
  int most = 0;
};

// Of each limit that there is, for this exact set and key type. Pure, as over_limit().
std::vector<Allowance> allowances(const Limits&, const std::vector<LedgerEntry>& entries,
                                  const std::string& set, std::string_view key_type, WallTime now);

inline constexpr std::chrono::days kLedgerSpan{8};  // what over_limit looks at

// The Budget of one certificate's attempt: looks into the ledger and appends, under the ledger's
// lock. What no limit concerns is not written down: with the preset none the disk is left in peace.
// A failed validation is a fact, not a wish: it is written down and never refused; new_order is
// refused instead when validations or certificates are used up.
class LedgerBudget final : public Budget {
 public:
  LedgerBudget(const Limits& limits, Ledger& ledger, Clock& clock, KeyType key_type);
  void spend(Spend, const std::vector<Identifier>& names, std::stop_token) override;

 private:
  bool concerns(Spend) const;
  std::vector<LedgerEntry> read();
  std::vector<LedgerEntry> entries(WallTime now);

  Limits limits_;
  Ledger& ledger_;
  Clock& clock_;
  KeyType key_type_;
};

}  // namespace autohttps::acme
