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
  enum class Kind { new_account, new_order, certificate, failed_validation } kind = Kind::new_order;
  WallTime at;
  std::string names;  // sorted, comma-separated: the exact set; empty for accounts
  std::string key_type;
};

std::string exact_set(std::vector<Identifier> names);

// Thread-safe, and safe between processes (the store's lock "ledger/<ca>" spans look-and-append).
class Ledger {
 public:
  Ledger(Store& store, std::string_view directory_url);
  // Entries of the last `span`. Unreadable: Error(storage); callers treat the budget as used up for
  // 24 h.
  std::vector<LedgerEntry> since(WallTime) const;
  void append(const LedgerEntry&);
  void prune(WallTime before);  // drops old lines; whole old or whole new
  std::unique_ptr<StoreLock> lock(SteadyTime give_up, std::stop_token);

 private:
  Store& store_;
  std::string key_;
};

}  // namespace autohttps::acme
