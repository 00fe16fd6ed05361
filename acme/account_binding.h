// External account bindings as people give them: read from their files, kept with the account.
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/secret.h>

#include <map>
#include <mutex>
#include <string>

namespace autohttps {

struct ExternalAccount;

namespace acme {

// Thread-safe.
class AccountBindings {
 public:
  explicit AccountBindings(Store& store) : store_(store) {}

  // Nothing for one without key id and file. A file is read once: it may be a
  // descriptor. Throws Error(config) for what cannot be a binding, Error(storage | permission).
  void keep(const std::string& directory_url, const autohttps::ExternalAccount&);

 private:
  Secret read_once(const std::string& file);

  Store& store_;
  std::mutex mutex_;
  std::map<std::string, Secret> read_;  // guarded by mutex_; by file
};

}  // namespace acme
}  // namespace autohttps
