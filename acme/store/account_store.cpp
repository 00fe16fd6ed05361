#include <autohttps/acme/store/account_store.h>

#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace autohttps::acme {
namespace {

constexpr std::string_view kAccount = "account.json";
constexpr std::string_view kBinding = "eab.json";

std::string account_folder(std::string_view directory_url, std::string_view label) {
  if (!is_key_part(label)) {
    throw Error(
        ErrorCode::config, in_quotes(label.substr(0, 100)) + " cannot label an account",
        "use letters, digits, \".\", \"_\" and \"-\", no \".\" in front, at most 200 in all");
  }
  return "accounts/" + ca_folder(directory_url) + "/" + std::string(label);
}

struct AccountFile {
  std::string ca, url;
  std::vector<std::string> contact, told;
  std::optional<WallTime> deactivated;
};

constexpr std::size_t kMostTold = 20;

AccountFile parse_account_file(const std::string& text) {
  const Json object = parse_json(text, kAccount);
  AccountFile file;
  file.contact = string_list(object, "contact", kAccount);
  file.told = string_list(object, "told", kAccount);
  if (file.told.empty()) file.told = file.contact;
  file.url = string_member(object, "url", kAccount);
  file.ca = optional_string(object, "ca", kAccount).value_or("");
  file.deactivated = optional_time(object, "deactivated", kAccount);
  return file;
}

Json account_file(std::string_view ca, std::string_view url,
                  const std::vector<std::string>& contact) {
  return {{"ca", ca}, {"url", url}, {"contact", contact}};
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
    : store_(store), directory_url_(directory_url), folder_(account_folder(directory_url, label)) {}

std::optional<StoredAccount> AccountStore::load() const {
  const std::string key_file = folder_ + "/key.pem";
  const std::optional<std::string> pem = store_.get(key_file);
  if (!pem) return std::nullopt;
  StoredAccount account{load_key(key_file, *pem), {}, {}, {}};
  const std::string account_file = folder_ + "/account.json";
  const std::optional<std::string> text = store_.get(account_file);
  if (!text) return account;
  try {
    AccountFile file = parse_account_file(*text);
    account.url = std::move(file.url);
    account.contact = std::move(file.contact);
    account.told = std::move(file.told);
    account.deactivated = file.deactivated;
  } catch (const Error& error) {
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
  const auto before = load();
  std::vector<std::string> told = before ? before->told : std::vector<std::string>();
  for (const std::string& one : contact) {
    if (std::find(told.begin(), told.end(), one) == told.end()) told.push_back(one);
  }
  if (told.size() > kMostTold) told.erase(told.begin(), told.end() - kMostTold);
  Json file = account_file(directory_url_, url, contact);
  file["told"] = told;
  // Not synced: what a power cut takes is found again by the key, which is (RFC 8555 7.3.1).
  store_.put(folder_ + "/account.json", to_text(file), Store::Survives::process_end);
}

void AccountStore::forget_url() { store_.remove(folder_ + "/account.json"); }

void AccountStore::put_deactivated(WallTime when) {
  const auto known = load();
  Json file = account_file(directory_url_, known ? known->url : "",
                           known ? known->contact : std::vector<std::string>{});
  file["deactivated"] = format_rfc3339(when);
  store_.put(folder_ + "/account.json", to_text(file), Store::Survives::power_cut);
}

void AccountStore::import_key(const PrivateKey& key) {
  const std::string file = folder_ + "/key.pem";
  const auto before = store_.get(file);
  if (before) {
    store_.put(folder_ + "/old_key-" + short_hash(*before) + ".pem", *before,
               Store::Survives::power_cut);
  }
  // First the URL, which is found again by whatever key is there (7.3.1).
  forget_url();
  store_.put(file, key.to_pem(), Store::Survives::power_cut);
}

std::optional<PrivateKey> AccountStore::next_key() const {
  const std::string file = folder_ + "/next_key.pem";
  const auto pem = store_.get(file);
  if (!pem) return std::nullopt;
  try {
    return PrivateKey::from_pem(*pem);
  } catch (const Error& error) {
    store_.quarantine(file, error.what());
    return std::nullopt;
  }
}

void AccountStore::put_next_key(const PrivateKey& key) {
  store_.put(folder_ + "/next_key.pem", key.to_pem(), Store::Survives::power_cut);
}

void AccountStore::promote_next_key() {
  const auto key = next_key();
  if (!key) throw Error(ErrorCode::internal, "there is no next key in " + in_quotes(folder_));
  store_.put(folder_ + "/key.pem", key->to_pem(), Store::Survives::power_cut);
  drop_next_key();  // a crash before leaves two files with one key
}

void AccountStore::drop_next_key() { store_.remove(folder_ + "/next_key.pem"); }

std::optional<StoredBinding> AccountStore::binding() const {
  const std::string file = folder_ + "/" + std::string(kBinding);
  auto text = store_.get(file);
  if (!text) return std::nullopt;
  try {
    Json object = parse_json(*text, kBinding);
    wipe(*text);
    StoredBinding binding;
    binding.key_id = string_member(object, "kid", kBinding);
    binding.algorithm = string_member(object, "algorithm", kBinding);
    binding.key = Secret(string_member(object, "key", kBinding));
    wipe(object["key"].get_ref<std::string&>());
    return binding;
  } catch (const Error&) {
    // What is wrong with it is not said: it would show what is in it.
    throw Error(ErrorCode::storage,
                "the account binding " + in_quotes(file) + " in the store " +
                    in_quotes(store_.describe()) + " cannot be read",
                "give --eab-kid and --eab-key-file once more");
  }
}

void AccountStore::put_binding(const StoredBinding& binding) {
  Json object = {{"kid", binding.key_id},
                 {"algorithm", binding.algorithm},
                 {"key", std::string(binding.key.bytes())}};
  std::string text = to_text(object);
  wipe(object["key"].get_ref<std::string&>());
  const std::string file = folder_ + "/" + std::string(kBinding);
  auto before = store_.get(file);
  if (before != text) store_.put(file, text, Store::Survives::power_cut);
  if (before) wipe(*before);
  wipe(text);
}

std::unique_ptr<StoreLock> AccountStore::lock(SteadyTime give_up, std::stop_token stop) {
  return store_.lock(folder_, give_up, std::move(stop));
}

std::vector<AccountEntry> list_accounts(const Store& store) {
  std::vector<AccountEntry> entries;
  for (const std::string& ca : store.list("accounts")) {
    for (const std::string& label : store.list("accounts/" + ca)) {
      AccountEntry entry;
      entry.ca = ca;
      entry.label = label;
      entry.folder = "accounts/" + ca + "/" + label;
      if (const auto text = store.get(entry.folder + "/account.json")) {
        try {
          AccountFile file = parse_account_file(*text);
          if (!file.ca.empty()) entry.ca = std::move(file.ca);
          entry.url = std::move(file.url);
          entry.contact = std::move(file.contact);
          entry.deactivated = file.deactivated;
        } catch (const Error&) {
          // load() moves it aside when the account is used next.
        }
      }
      entries.push_back(std::move(entry));
    }
  }
  std::sort(entries.begin(), entries.end(), [](const AccountEntry& a, const AccountEntry& b) {
    return std::tie(a.ca, a.label) < std::tie(b.ca, b.label);
  });
  return entries;
}

}  // namespace autohttps::acme
