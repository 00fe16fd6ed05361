// The account at a CA: found, or made once (RFC 8555 7.3).
#pragma once

#include <autohttps/acme/issuance/issuer.h>
#include <autohttps/acme/protocol/client.h>
#include <autohttps/acme/store/account_store.h>
#include <autohttps/acme/store/certificate_spec.h>

#include <memory>
#include <stop_token>
#include <string>

namespace autohttps::acme {

// The key of this CA's account: loaded, or generated and durable (RELIABILITY I1). Under the
// account's lock.
AccountKey account_key_for(AccountStore&, Clock&, std::stop_token);

// Makes `client` ready and returns the account's URL: known -> used; else newAccount with the same
// key (an account that is there answers 200, 7.3.1) within the budget, terms agreed or
// Error(config) whose hint shows the terms' URL from the directory and --agree-tos. `again`: the CA
// said accountDoesNotExist: forget the URL, look whether the key has another one (free), else
// register the same key again (RELIABILITY F7, F8). Under the account's lock unless the URL is
// known.
std::string sign_in(Client& client, AccountStore&, const CaSpec&, Budget&, Clock&, std::stop_token,
                    bool again = false);

}  // namespace autohttps::acme
