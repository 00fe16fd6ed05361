// accounts/<ca>/<label>/ of the store: key.pem is durable before the CA hears of it (RELIABILITY
// I1).
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/private_key.h>
#include <autohttps/common/secret.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

struct StoredAccount {
  PrivateKey key;
  std::string url;                        // empty: the key was made, the CA has not answered yet
  std::vector<std::string> contact;       // as it was last told to the CA, which need not keep it
  std::optional<WallTime> deactivated{};  // since when, by us: of no use any more
  std::vector<std::string> told{};        // contacts that ever were, the last 20
};

// The account of the CA's own that ours is bound to (RFC 8555 7.3.4): eab.json.
struct StoredBinding {
  std::string key_id;
  std::string algorithm;
  Secret key;  // base64url, as the CA gave it
};

// A folder name for a directory URL: readable and collision-free.
std::string ca_folder(std::string_view directory_url);

// Thread-safe.
class AccountStore {
 public:
  AccountStore(Store& store, std::string_view directory_url, std::string_view label);

  // Empty when there is no account yet. An unreadable key throws Error(storage) and is never
  // overwritten: the hint says how to restore it or set it aside. An unreadable account.json is
  // quarantined: the URL is found again by the key (7.3.1).
  std::optional<StoredAccount> load() const;
  void put_key(const PrivateKey&);  // durable; refuses (Error(storage)) when there is one
  void put_account(std::string_view url, const std::vector<std::string>& contact);
  void forget_url();  // the CA no longer knows it
  void put_deactivated(WallTime when);
  // Another account's key in place of this one's, which is kept beside it as old_key-<hash>.pem.
  void import_key(const PrivateKey&);

  // A change of the key under way (7.3.5): durable before the CA hears of the new one, and there
  // until it is known which of the two the CA goes by. One that cannot be read is quarantined.
  std::optional<PrivateKey> next_key() const;
  void put_next_key(const PrivateKey&);
  void promote_next_key();  // it is the account's key now
  void drop_next_key();

  // Empty when there is none. Throws Error(storage) for one that cannot be read.
  std::optional<StoredBinding> binding() const;
  void put_binding(const StoredBinding&);  // durable; nothing is written that is there already

  const std::string& folder() const noexcept { return folder_; }  // a key of the store
  std::unique_ptr<StoreLock> lock(SteadyTime give_up, std::stop_token);

 private:
  PrivateKey load_key(const std::string& file, const std::string& pem) const;

  Store& store_;
  std::string directory_url_;
  std::string folder_;
};

// What there is in a store, for people.
struct AccountEntry {
  std::string ca;  // directory URL; where an older version did not note it: the folder's name
  std::string label;
  std::string folder;  // a key of the store
  std::string url;     // empty: never registered, or to be found again
  std::vector<std::string> contact;
  std::optional<WallTime> deactivated;
};
std::vector<AccountEntry> list_accounts(const Store&);  // sorted by CA and label

}  // namespace autohttps::acme
