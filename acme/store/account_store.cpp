#include <autohttps/acme/store/account_store.h>

#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>

#include <utility>

namespace autohttps::acme {
namespace {

constexpr std::string_view kAccount = "account.json";

std::string account_folder(std::string_view directory_url, std::string_view label) {
  if (!is_key_part(label)) {
    throw Error(
        ErrorCode::config, in_quotes(label.substr(0, 100)) + " cannot label an account",
        "use letters, digits, \".\", \"_\" and \"-\", no \".\" in front, at most 200 in all");
  }
  return "accounts/" + ca_folder(directory_url) + "/" + std::string(label);
}

}  // namespace

// "https://host:port/path" -> "host-port~hash": the host to read, the hash of the whole URL to tell
// apart.
std::string ca_folder(std::string_view directory_url) {
  const std::size_t scheme = directory_url.find("://");
  std::string_view host =
      scheme == std::string_view::npos ? directory_url : directory_url.substr(scheme + 3);
  host = host.substr(0, host.find('/'));
  constexpr std::size_t kReadable = 100;
  std::string folder;
  for (const char c : host.substr(0, kReadable)) {
    const std::string_view one(&c, 1);
    folder += (is_key_part(one) || c == '.') && c != '~' ? c : '-';
  }
  if (folder.empty() || folder.front() == '.') folder.insert(folder.begin(), '-');
  return folder + "~" + short_hash(directory_url);
}

AccountStore::AccountStore(Store& store, std::string_view directory_url, std::string_view label)
    : store_(store), folder_(account_folder(directory_url, label)) {}

std::optional<StoredAccount> AccountStore::load() const {
  const std::string key_file = folder_ + "/key.pem";
  const std::optional<std::string> pem = store_.get(key_file);
  if (!pem) return std::nullopt;
  StoredAccount account{load_key(key_file, *pem), {}, {}};
  const std::string account_file = folder_ + "/account.json";
  const std::optional<std::string> text = store_.get(account_file);
  if (!text) return account;
  try {
    const Json object = parse_json(*text, kAccount);
    account.contact = string_list(object, "contact", kAccount);
    account.url = string_member(object, "url", kAccount);
  } catch (const Error& error) {
    account.contact.clear();
    store_.quarantine(account_file, error.what());
  }
  return account;
}

PrivateKey AccountStore::load_key(const std::string& file, const std::string& pem) const {
  try {
    return PrivateKey::from_pem(pem);
  } catch (const Error& error) {
    throw Error(ErrorCode::storage,
                "the account's key " + in_quotes(file) + " in the store " +
                    in_quotes(store_.describe()) + " cannot be used: " + error.what(),
                "restore it from a backup; to go on with a new account, move it away");
  }
}

void AccountStore::put_key(const PrivateKey& key) {
  const std::string file = folder_ + "/key.pem";
  if (store_.get(file)) {
    throw Error(ErrorCode::storage,
                "there is an account's key in " + in_quotes(file) + " already: it is kept",
                "to go on with a new account, move it away");
  }
  store_.put(file, key.to_pem(), Store::Survives::power_cut);
}

void AccountStore::put_account(std::string_view url, const std::vector<std::string>& contact) {
  // Not synced: what a power cut takes is found again by the key, which is (RFC 8555 7.3.1).
  store_.put(folder_ + "/account.json", to_text({{"url", url}, {"contact", contact}}),
             Store::Survives::process_end);
}

void AccountStore::forget_url() { store_.remove(folder_ + "/account.json"); }

std::unique_ptr<StoreLock> AccountStore::lock(SteadyTime give_up, std::stop_token stop) {
  return store_.lock(folder_, give_up, std::move(stop));
}

}  // namespace autohttps::acme
