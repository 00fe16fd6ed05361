#include <autohttps/acme/management/limits.h>

#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <array>
#include <utility>

namespace autohttps::acme {
namespace {

using Kind = LedgerEntry::Kind;
using Spend = Budget::Spend;
using std::chrono::hours;

constexpr hours kDay{24};
constexpr hours kOrderSpan{3};                 // Let's Encrypt counts new orders over 3 hours
constexpr std::chrono::seconds kLockWait{30};  // others hold the ledger for one look-and-append
constexpr std::size_t kStaleEntries = 50;      // that many old lines are worth a rewrite

// RELIABILITY I4, each well below the CA's own limit, so that a person has room left.
const std::array<Limits, 4>& presets() {
  static const std::array<Limits, 4> kPresets = {
      Limits{.name = "letsencrypt",
             .new_accounts_per_day = 1,
             .failed_validations_first_day = 4,
             .failed_validations_per_day = 1,
             .certificates_per_set_per_day = 2,
             .orders_per_three_hours = 300},
      Limits{.name = "letsencrypt-staging",
             .new_accounts_per_day = 10,
             .failed_validations_first_day = 60,
             .failed_validations_per_day = 20,
             .certificates_per_set_per_day = 100,
             .orders_per_three_hours = 1500},
      Limits{.name = "conservative",
             .new_accounts_per_day = 3,
             .failed_validations_first_day = 5,
             .failed_validations_per_day = 2,
             .certificates_per_set_per_day = 5,
             .orders_per_three_hours = 100},
      Limits{.name = "none",
             .new_accounts_per_day = {},
             .failed_validations_first_day = {},
             .failed_validations_per_day = {},
             .certificates_per_set_per_day = {},
             .orders_per_three_hours = {}},
  };
  return kPresets;
}

// Times of the entries of a kind within (now - span, now + a day], oldest first.
template <typename Wanted>
std::vector<WallTime> times(const std::vector<LedgerEntry>& entries, WallTime now, hours span,
                            Wanted wanted) {
  std::vector<WallTime> found;
  for (const LedgerEntry& entry : entries) {
    if (entry.at > now - span && entry.at <= now + kDay && wanted(entry)) found.push_back(entry.at);
  }
  std::sort(found.begin(), found.end());
  return found;
}

Error used_up(const Limits& limits, const std::string& what, WallTime free_at) {
  Error error(ErrorCode::rate_limited,
              "our own limit for this CA (\"" + limits.name + "\") is used up: " + what,
              "it frees up " + format_rfc3339(free_at) +
                  "; the attempt is made then by itself. Use --staging for experiments");
  error.with_retry_at(free_at);
  return error;
}

std::string words(int count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// `most` within `span`; the entry that has to leave the span before one more is allowed decides.
std::optional<Error> over(const Limits& limits, const std::optional<int>& most,
                          const std::vector<WallTime>& used, hours span, const std::string& what) {
  if (!most || used.size() < static_cast<std::size_t>(*most)) return std::nullopt;
  const std::size_t leaving = used.size() - static_cast<std::size_t>(std::max(*most, 1));
  return used_up(limits, what, used.empty() ? WallTime::max() : used[leaving] + span);
}

std::optional<Error> over_accounts(const Limits& limits, const std::vector<LedgerEntry>& entries,
                                   WallTime now) {
  const auto used = times(entries, now, kDay,
                          [](const LedgerEntry& entry) { return entry.kind == Kind::new_account; });
  return over(limits, limits.new_accounts_per_day, used, kDay,
              words(limits.new_accounts_per_day.value_or(0), "new account") + " a day");
}

std::optional<Error> over_orders(const Limits& limits, const std::vector<LedgerEntry>& entries,
                                 WallTime now) {
  const auto used = times(entries, now, kOrderSpan,
                          [](const LedgerEntry& entry) { return entry.kind == Kind::new_order; });
  return over(limits, limits.orders_per_three_hours, used, kOrderSpan,
              words(limits.orders_per_three_hours.value_or(0), "order") + " in 3 hours");
}

std::optional<Error> over_certificates(const Limits& limits,
                                       const std::vector<LedgerEntry>& entries,
                                       const std::string& set, std::string_view key_type,
                                       WallTime now) {
  const auto used = times(entries, now, kDay, [&](const LedgerEntry& entry) {
    return entry.kind == Kind::certificate && entry.names == set && entry.key_type == key_type;
  });
  return over(limits, limits.certificates_per_set_per_day, used, kDay,
              words(limits.certificates_per_set_per_day.value_or(0), "certificate") +
                  " a day for " + printable(set, 200) + " (" + std::string(key_type) + ")");
}

// Beyond the certificates of a day, and yet bounded: a CA that suggests a past window for each new
// certificate, in whatever error, must not be asked for ever (RELIABILITY F41).
std::optional<Error> over_replacements(const Limits& limits,
                                       const std::vector<LedgerEntry>& entries,
                                       const std::string& set, std::string_view key_type,
                                       WallTime now) {
  const auto used = times(entries, now, kDay, [&](const LedgerEntry& entry) {
    return entry.kind == Kind::replacement && entry.names == set && entry.key_type == key_type;
  });
  return over(limits, limits.certificates_per_set_per_day, used, kDay,
              words(limits.certificates_per_set_per_day.value_or(0), "certificate") +
                  " a day in place of others that the CA wanted replaced, for " +
                  printable(set, 200) + " (" + std::string(key_type) + ")");
}

// A streak begins with the first failure after the last success; its first day is generous.
std::optional<Error> over_failures(const Limits& limits, const std::vector<LedgerEntry>& entries,
                                   const std::string& set, WallTime now) {
  const auto successes = times(entries, now, kLedgerSpan, [&](const LedgerEntry& entry) {
    return (entry.kind == Kind::certificate || entry.kind == Kind::replacement) &&
           entry.names == set;
  });
  const WallTime streak = successes.empty() ? WallTime{} : successes.back();
  const auto failed = times(entries, now, kLedgerSpan, [&](const LedgerEntry& entry) {
    return entry.kind == Kind::failed_validation && entry.names == set && entry.at >= streak;
  });
  std::vector<WallTime> recent;
  std::copy_if(failed.begin(), failed.end(), std::back_inserter(recent),
               [&](WallTime at) { return at > now - kDay; });
  const bool first_day = recent.size() == failed.size();
  const auto& most =
      first_day ? limits.failed_validations_first_day : limits.failed_validations_per_day;
  if (!most || recent.size() < static_cast<std::size_t>(*most)) return std::nullopt;
  // When the oldest leaves, the first day is over and the later rule counts what is left.
  const auto& later = limits.failed_validations_per_day;
  const std::string what = words(*most, "failed validation") + " a day for " + printable(set, 200);
  return over(limits, later ? later : most, recent, kDay, what);
}

}  // namespace

Limits Limits::preset(std::string_view name) {
  std::string known;
  for (const Limits& limits : presets()) {
    if (limits.name == name) return limits;
    known += (known.empty() ? "" : ", ") + limits.name;
  }
  throw Error(ErrorCode::config, "there are no limits \"" + printable(name, 100) + "\"",
              "use one of " + known);
}

Limits Limits::of(const CaSpec& ca) {
  return preset(ca.limits.empty() ? std::string_view("conservative") : ca.limits);
}

std::optional<Error> over_limit(const Limits& limits, Budget::Spend kind,
                                const std::vector<LedgerEntry>& entries, const std::string& set,
                                std::string_view key_type, WallTime now) {
  if (kind == Spend::failed_validation) return std::nullopt;
  const auto lost = times(entries, now, kDay,
                          [](const LedgerEntry& entry) { return entry.kind == Kind::unreadable; });
  if (!lost.empty()) {
    return used_up(limits, "the ledger was unreadable, what was asked before is not known",
                   lost.back() + kDay);
  }
  if (kind == Spend::new_account) return over_accounts(limits, entries, now);
  if (kind == Spend::certificate) return over_certificates(limits, entries, set, key_type, now);
  if (kind == Spend::replacing_certificate) {
    return over_replacements(limits, entries, set, key_type, now);
  }
  if (auto error = over_failures(limits, entries, set, now)) return error;
  const bool replaces = kind == Spend::replacing_order;
  if (auto error = replaces ? over_replacements(limits, entries, set, key_type, now)
                            : over_certificates(limits, entries, set, key_type, now)) {
    return error;
  }
  return over_orders(limits, entries, now);
}

std::vector<Allowance> allowances(const Limits& limits, const std::vector<LedgerEntry>& entries,
                                  const std::string& set, std::string_view key_type, WallTime now) {
  std::vector<Allowance> all;
  const auto add = [&](std::string what, const std::optional<int>& most, hours span, auto wanted) {
    if (!most) return;
    const auto used = static_cast<int>(times(entries, now, span, wanted).size());
    all.push_back({std::move(what), std::min(used, *most), *most});
  };
  add("certificates for these names (" + std::string(key_type) + ") in 24 hours",
      limits.certificates_per_set_per_day, kDay, [&](const LedgerEntry& entry) {
        return entry.kind == Kind::certificate && entry.names == set && entry.key_type == key_type;
      });
  // The first day's: the one after it is told by the error when it comes to that.
  add("failed validations for these names in 24 hours", limits.failed_validations_first_day, kDay,
      [&](const LedgerEntry& entry) {
        return entry.kind == Kind::failed_validation && entry.names == set;
      });
  add("orders in 3 hours", limits.orders_per_three_hours, kOrderSpan,
      [](const LedgerEntry& entry) { return entry.kind == Kind::new_order; });
  add("new accounts in 24 hours", limits.new_accounts_per_day, kDay,
      [](const LedgerEntry& entry) { return entry.kind == Kind::new_account; });
  return all;
}

LedgerBudget::LedgerBudget(const Limits& limits, Ledger& ledger, Clock& clock, KeyType key_type)
    : limits_(limits), ledger_(ledger), clock_(clock), key_type_(key_type) {}

bool LedgerBudget::concerns(Spend kind) const {
  switch (kind) {
    case Spend::new_account:
      return limits_.new_accounts_per_day.has_value();
    case Spend::certificate:
    case Spend::replacing_certificate:
      return limits_.certificates_per_set_per_day.has_value();
    case Spend::failed_validation:
      return limits_.failed_validations_first_day || limits_.failed_validations_per_day;
    case Spend::new_order:
    case Spend::replacing_order:
      break;
  }
  return limits_.orders_per_three_hours || limits_.certificates_per_set_per_day ||
         limits_.failed_validations_first_day || limits_.failed_validations_per_day;
}

std::vector<LedgerEntry> LedgerBudget::read() {
  try {
    return ledger_.since(WallTime{});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::storage) throw;
  }
  try {
    return ledger_.since(WallTime{});  // a disk that stumbles once is no reason to wait for a day
  } catch (const Error& error) {
    if (error.code() != ErrorCode::storage) throw;
    ledger_.set_aside(clock_.wall());
  }
  return ledger_.since(WallTime{});
}

std::vector<LedgerEntry> LedgerBudget::entries(WallTime now) {
  std::vector<LedgerEntry> all = read();
  const auto is_stale = [&](const LedgerEntry& entry) { return entry.at < now - kLedgerSpan; };
  const auto stale = static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_stale));
  if (stale >= kStaleEntries) ledger_.prune(now - kLedgerSpan);
  std::erase_if(all, is_stale);
  return all;
}

void LedgerBudget::spend(Spend kind, const std::vector<Identifier>& names, std::stop_token stop) {
  if (!concerns(kind)) return;
  static constexpr std::array kKinds = {Kind::new_account, Kind::new_order,
                                        Kind::certificate, Kind::failed_validation,
                                        Kind::new_order,   Kind::replacement};
  const std::string set = exact_set(names);
  const std::string_view key_type = key_type_name(key_type_);
  const auto lock = ledger_.lock(clock_.steady() + kLockWait, stop);
  const WallTime now = clock_.wall();
  if (auto error = over_limit(limits_, kind, entries(now), set, key_type, now)) {
    throw Error(*std::move(error));
  }
  ledger_.append({kKinds[static_cast<std::size_t>(kind)], now, set, std::string(key_type)});
}

}  // namespace autohttps::acme
