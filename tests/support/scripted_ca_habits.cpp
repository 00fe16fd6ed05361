#include <autohttps/tests/support/scripted_ca_habits.h>

#include <autohttps/tests/support/scripted_ca.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace autohttps {
namespace {

using std::chrono::seconds;

constexpr const char* kAbout = "https://letsencrypt.org/docs/rate-limits/#";

// "2027-01-15 08:00:00 UTC".
std::string in_its_way(WallTime time) {
  const std::time_t whole = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&whole, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

// "168h0m0s".
std::string in_its_way(seconds span) {
  return std::to_string(span.count() / 3600) + "h" + std::to_string(span.count() / 60 % 60) + "m" +
         std::to_string(span.count() % 60) + "s";
}

std::string exact_set_of(const std::vector<Identifier>& names) {
  std::string all;
  for (const Identifier& name : names) all += (all.empty() ? "" : ",") + name.value;
  return all;
}

// Of test names the last two labels. An address is its own.
std::set<std::string> registered_domains(const std::vector<Identifier>& names) {
  std::set<std::string> domains;
  for (const Identifier& name : names) {
    const std::string& value = name.value;
    const std::size_t last = value.rfind('.');
    const bool short_enough =
        name.type == Identifier::Type::ip || last == std::string::npos || last == 0;
    const std::size_t before = short_enough ? std::string::npos : value.rfind('.', last - 1);
    domains.insert(before == std::string::npos ? value : value.substr(before + 1));
  }
  return domains;
}

std::string failures_of(const std::string& account, const Identifier& name) {
  return "failures " + account + " " + name.value;
}

std::string row_of(const std::string& account, const Identifier& name) {
  return "in a row " + account + " " + name.value;
}

}  // namespace

ScriptedCaBehaviour lets_encrypt() {
  ScriptedCaBehaviour behaviour;
  behaviour.reuse_orders = true;
  behaviour.reuse_authorizations = true;
  behaviour.keeps_contacts = false;
  behaviour.validation_polls = 1;
  behaviour.finalize_polls = 1;
  behaviour.habits = CaHabits{};
  return behaviour;
}

CaCounters::Bucket& CaCounters::bucket(const std::string& name, const CaRate& rate, WallTime now) {
  Bucket& bucket = buckets_[name];
  const std::chrono::duration<double> passed = now - bucket.at;
  bucket.used = std::max(0.0, bucket.used - passed / rate.span * rate.most);
  bucket.at = now;
  return bucket;
}

void CaCounters::refuse(const CaProblem& problem) {
  refusals_.emplace_back(problem.what());
  throw CaProblem(problem);
}

void CaCounters::check(const Limit& limit, const std::string& name, const std::string& what,
                       const std::string& section, WallTime now) {
  if (!limit) return;
  const double over = bucket(name, *limit, now).used + 1 - limit->most;
  if (over <= 1e-9) return;
  const auto wait =
      std::chrono::ceil<seconds>(std::chrono::duration<double>(limit->span) / limit->most * over);
  CaProblem problem("rateLimited", 429,
                    what + " in the last " + in_its_way(limit->span) + ", retry after " +
                        in_its_way(now + wait) + ": see " + kAbout + section);
  problem.retry_after = std::to_string(wait.count());
  refuse(problem);
}

void CaCounters::spend(const Limit& limit, const std::string& name, WallTime now) {
  if (limit) bucket(name, *limit, now).used += 1;
}

void CaCounters::account(const CaHabits& habits, WallTime now) {
  check(habits.accounts, "accounts",
        "too many new registrations (" +
            std::to_string(habits.accounts ? habits.accounts->most : 0) + ") from this IP address",
        "new-registrations-per-ip-address", now);
  spend(habits.accounts, "accounts", now);
}

void CaCounters::order(const CaHabits& habits, const std::string& account,
                       const std::vector<Identifier>& names, bool replacement, WallTime now) {
  const auto most = [](const Limit& limit) {
    return " (" + std::to_string(limit ? limit->most : 0) + ")";
  };
  for (const Identifier& name : names) {
    if (paused_[account].count(name.value) == 0) continue;
    refuse(CaProblem("rateLimited", 429,
                     "Your account is temporarily prevented from requesting certificates for " +
                         name.value +
                         " and possibly others. Please visit: "
                         "https://ca.test/sfe/v1/unpause?jwt=eyJhbGciOiJIUzI1NiJ9"));
  }
  if (replacement) return;
  for (const Identifier& name : names) {
    check(habits.failures, failures_of(account, name),
          "too many failed authorizations" + most(habits.failures) + " for \"" + name.value + "\"",
          "authorization-failures-per-identifier-per-account", now);
  }
  const std::string set = exact_set_of(names);
  check(habits.duplicates, "set " + set,
        "too many certificates" + most(habits.duplicates) +
            " already issued for this exact set of identifiers",
        "new-certificates-per-exact-set-of-identifiers", now);
  if (issued_.count(set) > 0) return;
  for (const std::string& domain : registered_domains(names)) {
    check(habits.domain, "domain " + domain,
          "too many certificates" + most(habits.domain) + " already issued for \"" + domain + "\"",
          "new-certificates-per-registered-domain", now);
  }
  check(habits.orders, "orders " + account,
        "too many new orders" + most(habits.orders) + " from this account",
        "new-orders-per-account", now);
  spend(habits.orders, "orders " + account, now);
}

void CaCounters::failed(const CaHabits& habits, const std::string& account, const Identifier& name,
                        WallTime now) {
  spend(habits.failures, failures_of(account, name), now);
  if (habits.failures_to_pause <= 0) return;
  const CaRate in_a_row{habits.failures_to_pause,
                        std::chrono::hours(24) * habits.failures_to_pause};
  Bucket& row = bucket(row_of(account, name), in_a_row, now);
  row.used += 1;
  if (row.used > habits.failures_to_pause - 0.5) paused_[account].insert(name.value);
}

void CaCounters::validated(const std::string& account, const Identifier& name) {
  buckets_.erase(row_of(account, name));
}

void CaCounters::issued(const CaHabits& habits, const std::vector<Identifier>& names,
                        bool replacement, WallTime now) {
  const std::string set = exact_set_of(names);
  const bool is_new = issued_.insert(set).second;
  if (replacement) return;
  spend(habits.duplicates, "set " + set, now);
  if (!is_new) return;
  for (const std::string& domain : registered_domains(names)) {
    spend(habits.domain, "domain " + domain, now);
  }
}

void CaCounters::unpause(const std::string& account) {
  for (const std::string& name : paused_[account]) {
    buckets_.erase("in a row " + account + " " + name);
  }
  paused_.erase(account);
}

}  // namespace autohttps
