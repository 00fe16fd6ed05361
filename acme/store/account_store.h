// accounts/<ca>/<label>/ of the store: key.pem is durable before the CA hears of it (RELIABILITY
// I1).
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/private_key.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

struct StoredAccount {
  PrivateKey key;
  std::string url;  // empty: the key was made, the CA has not answered yet
  std::vector<std::string> contact;
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
  std::unique_ptr<StoreLock> lock(SteadyTime give_up, std::stop_token);

 private:
  PrivateKey load_key(const std::string& file, const std::string& pem) const;

  Store& store_;
  std::string folder_;
};

}  // namespace autohttps::acme
