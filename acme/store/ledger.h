// ledger/<ca>.jsonl: what was asked of a CA, appended and fsynced before each request that costs
// budget (RELIABILITY I4).
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/identifier.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

struct LedgerEntry {
  // unreadable: what was written before `at` is lost; the budget counts as used up for 24 h from
  // then.
  // replacement: a certificate that its CA gave for one of its own that it wanted replaced (RFC
  // 9773).
  enum class Kind {
    new_account,
    new_order,
    certificate,
    failed_validation,
    unreadable,
    replacement
  };
  Kind kind = Kind::new_order;
  WallTime at;
  std::string names;  // sorted, comma-separated: the exact set; empty for accounts
  std::string key_type;
};

std::string exact_set(std::vector<Identifier> names);

// Thread-safe, and safe between processes (the store's lock "ledger/<ca>" spans look-and-append).
class Ledger {
 public:
  Ledger(Store& store, std::string_view directory_url);
  // Entries not before `from`, oldest first. Unreadable: Error(storage); whoever decides then calls
  // set_aside.
  std::vector<LedgerEntry> since(WallTime from) const;
  void append(const LedgerEntry&);
  void prune(WallTime before);  // drops old lines; whole old or whole new
  // For an unreadable ledger: quarantines it and begins a new one with an entry of Kind::unreadable
  // at `now`, so that the budget is used up for 24 h and not for ever (RELIABILITY I8).
  void set_aside(WallTime now);
  std::unique_ptr<StoreLock> lock(SteadyTime give_up, std::stop_token);

 private:
  Store& store_;
  std::string key_;
};

}  // namespace autohttps::acme
