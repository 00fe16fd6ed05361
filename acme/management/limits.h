// What may be asked of a CA (RELIABILITY I4): data, set by preset or by ca.limits. No rule looks at
// a host name.
#pragma once

#include <autohttps/acme/issuance/issuer.h>
#include <autohttps/acme/store/ledger.h>
#include <autohttps/common/clock.h>

#include <optional>
#include <string>
#include <string_view>

namespace autohttps::acme {

// Empty members: no limit.
struct Limits {
  std::string name;
  std::optional<int> new_accounts_per_day;
  std::optional<int> failed_validations_first_day;  // per exact set of names
  std::optional<int> failed_validations_per_day;    // after the first day of failing
  std::optional<int> certificates_per_set_per_day;  // per exact set and key type
  std::optional<int> orders_per_three_hours;
  bool requests_per_attempt = true;  // 40 + 12 x names

  // letsencrypt, letsencrypt-staging, conservative, none. Throws Error(config) listing them.
  static Limits preset(std::string_view name);
};

// The Budget of one certificate's attempt: looks into the ledger and appends, under the ledger's
// lock.
class LedgerBudget final : public Budget {
 public:
  LedgerBudget(const Limits& limits, Ledger& ledger, Clock& clock, KeyType key_type);
  void spend(Spend, const std::vector<Identifier>& names, std::stop_token) override;

 private:
  Limits limits_;
  Ledger& ledger_;
  Clock& clock_;
  KeyType key_type_;
};

}  // namespace autohttps::acme
