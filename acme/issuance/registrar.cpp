#include <autohttps/acme/issuance/registrar.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

// Others hold the account's lock for the few requests of a registration.
constexpr std::chrono::seconds kLockWait{60};

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

// What the directory asks for before an account can be.
void check_requirements(const Directory& directory, const CaSpec& ca) {
  if (directory.external_account_required) {
    throw Error(ErrorCode::config,
                "\"" + ca.directory_url + "\" only takes accounts that its owner announced to it",
                "external account binding is not supported yet; choose another CA by --server");
  }
  if (directory.terms_of_service && !ca.terms_agreed) {
    throw Error(ErrorCode::config,
                "the terms of service of \"" + ca.directory_url + "\" are not agreed to",
                "read " + printable(*directory.terms_of_service, 500) + " and add --agree-tos");
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

Account register_account(Client& client, const CaSpec& ca, Budget& budget, std::stop_token stop) {
  NewAccount request;
  request.contact = contact_of(ca);
  check_requirements(client.directory(stop), ca);
  request.terms_of_service_agreed = ca.terms_agreed;
  try {
    budget.spend(Budget::Spend::new_account, {}, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::rate_limited) throw;
    // The answer to our own registration may have been lost (RELIABILITY F15): looking is free.
    if (auto account = find_account(client, stop)) return *account;
    throw;
  }
  return client.new_account(request, stop);
}

}  // namespace

AccountKey account_key_for(AccountStore& accounts, Clock& clock, std::stop_token stop) {
  if (const auto stored = accounts.load()) return AccountKey(stored->key);
  const auto lock = accounts.lock(clock.steady() + kLockWait, stop);
  if (const auto stored = accounts.load()) return AccountKey(stored->key);  // made meanwhile
  PrivateKey key = PrivateKey::generate(KeyType::ec256);
  accounts.put_key(key);
  return AccountKey(std::move(key));
}

std::string sign_in(Client& client, AccountStore& accounts, const CaSpec& ca, Budget& budget,
                    Clock& clock, std::stop_token stop, bool again) {
  const auto known_url = [&] {
    const auto stored = accounts.load();
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
      if (!account && again) accounts.forget_url();
      if (!account) account = register_account(client, ca, budget, stop);
      accounts.put_account(account->url, contact_of(ca));
      url = account->url;
    }
  }
  client.use_account(url);
  return url;
}

}  // namespace autohttps::acme
