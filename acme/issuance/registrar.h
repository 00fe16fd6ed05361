// The account at a CA: found, or made once (RFC 8555 7.3), and its key changed (7.3.5).
#pragma once

#include <autohttps/acme/issuance/issuer.h>
#include <autohttps/acme/protocol/client.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/acme/store/certificate_spec.h>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace autohttps::acme {

// How a CA is reached: what Clients are made of.
struct CaConnection {
  std::shared_ptr<ClientSession> session;
  Transport& transport;
  Clock& clock;

  Client client(std::shared_ptr<const AccountKey> key) const {
    return {session, transport, clock, std::move(key)};
  }
};

// The key of this CA's account: loaded, or generated and durable (RELIABILITY I1). Where a change
// of the key was cut off, the CA is asked which of the two it goes by. Under the account's lock.
AccountKey account_key_for(AccountStore&, const CaConnection&, std::stop_token);

// Makes `client` ready and returns the account's URL: known -> used; else newAccount with the same
// key (an account that is there answers 200, 7.3.1) within the budget, bound to the external
// account of the store where there is one, terms agreed or Error(config) whose hint shows the
// terms' URL from the directory and --agree-tos. `again`: the CA said accountDoesNotExist: forget
// the URL, look whether the key has another one (free), else register the same key again
// (RELIABILITY F7, F8). An e-mail address that is another than the last is told to the CA, once;
// one that the CA does not like is told by `step`. Under the account's lock unless nothing changes.
std::string sign_in(Client& client, AccountStore&, const CaSpec&, Budget&, Clock&, std::stop_token,
                    bool again = false, const std::function<void(const std::string&)>& step = {});

// The account that this key or the store's key has, never a new one: Error(config) when the store
// has none or it was deactivated, ProblemError(accountDoesNotExist) when the CA has none.
std::unique_ptr<Client> sign_in_existing(AccountStore&, const CaConnection&, std::stop_token);

// 7.3.6: for ever. The key stays where it is.
void deactivate_account(AccountStore&, const CaConnection&, std::stop_token);

// A new key for the account. A crash or a lost answer at any point leaves an account that
// account_key_for() settles. Throws what the CA says; the old key is the account's then.
void roll_over(AccountStore&, const CaConnection&, KeyType, std::stop_token);

// The account of a key that people bring: looked up at the CA, then the store's account; the key
// of the one before is kept beside it. Nothing changes when the CA does not know the key.
Account import_account(AccountStore&, const CaConnection&, const PrivateKey&, std::stop_token);

// "mailto:..." of the wish; throws Error(config) for what is no address.
std::vector<std::string> contact_of(const CaSpec&);

}  // namespace autohttps::acme
