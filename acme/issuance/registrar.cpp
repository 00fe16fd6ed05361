#include <autohttps/acme/issuance/registrar.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

// Others hold the account's lock for the few requests of a registration.
constexpr std::chrono::seconds kLockWait{60};

// What the directory asks for before an account can be.
void check_requirements(const Directory& directory, const CaSpec& ca, bool bound) {
  if (directory.external_account_required && !bound) {
    throw Error(ErrorCode::config,
                "\"" + ca.directory_url + "\" binds accounts to those of its own web site",
                "get a key id and an HMAC key there (\"EAB\", external account binding), and give "
                "them by --eab-kid and --eab-key-file");
  }
  if (directory.terms_of_service && !ca.terms_agreed) {
    throw Error(ErrorCode::config,
                "the terms of service of \"" + ca.directory_url + "\" are not agreed to",
                "read " + printable(*directory.terms_of_service, 500) + " and add --agree-tos");
  }
}

std::optional<ExternalAccount> external_account_of(const AccountStore& accounts) {
  const auto stored = accounts.binding();
  if (!stored) return std::nullopt;
  return read_external_account(stored->key_id, stored->algorithm, stored->key);
}

// RFC 8555 7.3.4 leaves open how a CA refuses a binding.
bool may_be_the_binding(const ProblemError& error) {
  const std::string_view type = error.problem().short_type();
  return type == "unauthorized" || type == "malformed" || type == "externalAccountRequired";
}

Account request_account(Client& client, const NewAccount& request, std::stop_token stop) {
  try {
    return client.new_account(request, stop);
  } catch (const ProblemError& error) {
    if (!request.external_account || !may_be_the_binding(error)) throw;
    throw ProblemError(
        error.code(),
        "binding the account to the external account \"" + request.external_account->key_id + "\"",
        error.problem(),
        "check --eab-kid, the HMAC key in --eab-key-file and --eab-algorithm against "
        "the CA's web site: it does not take them together; a key that it takes "
        "once only has to be made anew there");
  }
}

bool is_unknown_account(const ProblemError& error) {
  return error.problem().short_type() == "accountDoesNotExist";
}

// RFC 8555 7.3.1: asks for the account of this key and makes none.
std::optional<Account> find_account(Client& client, std::stop_token stop) {
  try {
    return client.new_account({.only_return_existing = true}, stop);
  } catch (const ProblemError& error) {
    if (!is_unknown_account(error)) throw;
    return std::nullopt;
  }
}

Account register_account(Client& client, AccountStore& accounts, const CaSpec& ca, Budget& budget,
                         std::stop_token stop) {
  NewAccount request;
  request.contact = contact_of(ca);
  request.external_account = external_account_of(accounts);
  check_requirements(client.directory(stop), ca, request.external_account.has_value());
  request.terms_of_service_agreed = ca.terms_agreed;
  try {
    budget.spend(Budget::Spend::new_account, {}, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::rate_limited) throw;
    // The answer to our own registration may have been lost (RELIABILITY F15): looking is free.
    if (auto account = find_account(client, stop)) return *account;
    throw;
  }
  return request_account(client, request, stop);
}

void refuse_deactivated(const AccountStore& accounts, const StoredAccount& account) {
  if (!account.deactivated) return;
  throw Error(ErrorCode::config,
              "the account \"" + printable(account.url, 300) + "\" was deactivated " +
                  format_rfc3339(*account.deactivated),
              "move " + accounts.folder() +
                  " of the store away to go on with a new account, or give another by `account "
                  "import`");
}

// 7.3.5 was cut off: which key does the CA go by?
void settle_key_change(AccountStore& accounts, const CaConnection& ca, const PrivateKey& next,
                       std::stop_token stop) {
  const auto stored = accounts.load();
  if (stored && stored->key == next) return accounts.drop_next_key();
  const auto has_account = [&](const PrivateKey& key) {
    Client client = ca.client(std::make_shared<const AccountKey>(key));
    return find_account(client, stop).has_value();
  };
  bool changed = false;
  try {
    changed = has_account(next);
  } catch (const ProblemError& error) {
    // RELIABILITY F8: some CAs fall over a key they do not know. The other one tells.
    if (error.problem().status != 500 || !stored || !has_account(stored->key)) throw;
  }
  if (changed) return accounts.promote_next_key();
  accounts.drop_next_key();
}

// A change that did not happen: the CA answered, and not that it has trouble of its own.
bool is_refused_for_good(const ProblemError& error) {
  return error.code() == ErrorCode::refused && error.problem().status >= 400 &&
         error.problem().status < 500;
}

// In one piece with the last one told, so that it is told once.
void tell_contact(Client& client, AccountStore& accounts, const CaSpec& ca, Clock& clock,
                  std::stop_token stop, const std::function<void(const std::string&)>& step) {
  const std::vector<std::string> wanted = contact_of(ca);
  const auto differs = [&] {
    const auto stored = accounts.load();
    // Certificates may name different addresses: each is told once, and `account update` stands.
    return stored && !wanted.empty() &&
           std::find(stored->told.begin(), stored->told.end(), wanted.front()) ==
               stored->told.end();
  };
  if (!differs()) return;
  const auto lock = accounts.lock(clock.steady() + kLockWait, stop);
  if (!differs()) return;  // another attempt has told it
  const std::string url = accounts.load()->url;
  try {
    client.update_contact(wanted, stop);
  } catch (const ProblemError& error) {
    // No reason to let a certificate run out; the account's own trouble shows with the order.
    if (step) step(error.what());
    const std::string_view type = error.problem().short_type();
    if (type != "invalidContact" && type != "unsupportedContact") return;
  }
  accounts.put_account(url, wanted);
}

}  // namespace

std::vector<std::string> contact_of(const CaSpec& ca) {
  if (ca.email.empty()) return {};
  const bool clean = std::none_of(ca.email.begin(), ca.email.end(), [](unsigned char c) {
    return c <= ' ' || c == 0x7f || c == ',' || c == '?';  // RFC 8555 7.3: one address, no hfields
  });
  const auto at = ca.email.find('@');
  if (!clean || at == 0 || at == std::string::npos || at + 1 == ca.email.size()) {
    throw Error(ErrorCode::config, "\"" + printable(ca.email, 200) + "\" is not an e-mail address",
                "give one like me@example.com, or none at all");
  }
  return {"mailto:" + ca.email};
}

AccountKey account_key_for(AccountStore& accounts, const CaConnection& ca, std::stop_token stop) {
  const auto stored = accounts.load();
  if (stored && !accounts.next_key()) return AccountKey(stored->key);
  const auto lock = accounts.lock(ca.clock.steady() + kLockWait, stop);
  if (const auto next = accounts.next_key()) settle_key_change(accounts, ca, *next, stop);
  if (const auto now = accounts.load()) return AccountKey(now->key);  // made or changed meanwhile
  PrivateKey key = PrivateKey::generate(KeyType::ec256);
  accounts.put_key(key);
  return AccountKey(std::move(key));
}

std::string sign_in(Client& client, AccountStore& accounts, const CaSpec& ca, Budget& budget,
                    Clock& clock, std::stop_token stop, bool again,
                    const std::function<void(const std::string&)>& step) {
  const auto known_url = [&] {
    const auto stored = accounts.load();
    if (stored) refuse_deactivated(accounts, *stored);
    return stored ? stored->url : std::string();
  };
  const std::string refused_url = again ? known_url() : std::string();
  std::string url = again ? std::string() : known_url();
  if (url.empty()) {
    const auto lock = accounts.lock(clock.steady() + kLockWait, stop);
    url = known_url();  // another attempt may have registered meanwhile
    if (url == refused_url) {
      std::optional<Account> account;
      if (again) account = find_account(client, stop);
      const bool found = account.has_value();
      if (!found && again) accounts.forget_url();
      if (!found) account = register_account(client, accounts, ca, budget, stop);
      accounts.put_account(account->url, found ? account->contact : contact_of(ca));
      url = account->url;
    }
  }
  client.use_account(url);
  tell_contact(client, accounts, ca, clock, stop, step);
  return url;
}

std::unique_ptr<Client> sign_in_existing(AccountStore& accounts, const CaConnection& ca,
                                         std::stop_token stop) {
  const auto known = accounts.load();
  if (!known && !accounts.next_key()) {
    throw Error(
        ErrorCode::config, "there is no account at \"" + ca.session->directory_url() + "\"",
        "the first certificate makes one; one you have elsewhere comes by `account import`");
  }
  if (known) refuse_deactivated(accounts, *known);
  auto client = std::make_unique<Client>(
      ca.session, ca.transport, ca.clock,
      std::make_shared<const AccountKey>(account_key_for(accounts, ca, stop)));
  if (const auto stored = accounts.load(); stored && !stored->url.empty()) {
    client->use_account(stored->url);
    return client;
  }
  const Account found = client->new_account({.only_return_existing = true}, stop);
  accounts.put_account(found.url, found.contact);
  return client;
}

void deactivate_account(AccountStore& accounts, const CaConnection& ca, std::stop_token stop) {
  const auto client = sign_in_existing(accounts, ca, stop);
  const auto lock = accounts.lock(ca.clock.steady() + kLockWait, stop);
  client->deactivate_account(stop);
  accounts.put_deactivated(ca.clock.wall());
}

void roll_over(AccountStore& accounts, const CaConnection& ca, KeyType type, std::stop_token stop) {
  const auto client = sign_in_existing(accounts, ca, stop);
  const auto lock = accounts.lock(ca.clock.steady() + kLockWait, stop);
  const auto stored = accounts.load();
  if (!stored || !(stored->key == client->key().key()) || accounts.next_key()) {
    throw Error(ErrorCode::locked, "another command changes the account's key",
                "run it again when that is done");
  }
  const AccountKey next(PrivateKey::generate(type));
  accounts.put_next_key(next.key());
  try {
    client->change_key(next, stop);
  } catch (const ProblemError& error) {
    if (is_refused_for_good(error)) accounts.drop_next_key();
    throw;
  }
  accounts.promote_next_key();
}

Account import_account(AccountStore& accounts, const CaConnection& ca, const PrivateKey& key,
                       std::stop_token stop) {
  const auto lock = accounts.lock(ca.clock.steady() + kLockWait, stop);
  Client client = ca.client(std::make_shared<const AccountKey>(key));
  const Account found = client.new_account({.only_return_existing = true}, stop);
  const auto stored = accounts.load();
  if (!stored || !(stored->key == key)) accounts.import_key(key);
  accounts.drop_next_key();
  accounts.put_account(found.url, found.contact);
  return found;
}

}  // namespace autohttps::acme
