// What a CA wants to see standing in DNS for names that are to be proven by dns-persist-01.
#pragma once

#include <autohttps/acme/challenges/dns_persist.h>
#include <autohttps/acme/issuance/issuer.h>
#include <autohttps/acme/protocol/client.h>

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace autohttps::acme {

// One for each name, in the order of the names; `client` is signed in.
//
// As the CA says it in the challenges of a new order, which is what counts: the values have changed
// with every draft so far, and are never to be built. The order costs budget and is left to expire.
// Throws Error(config) naming what is offered when it is not dns-persist-01.
std::vector<PersistDemand> demands_of_order(Client& client, const std::vector<Identifier>&,
                                            const std::optional<std::string>& profile, Budget&,
                                            std::stop_token);

// Without an order: what would be looked for if issuers were the directory's caaIdentities (which
// the draft lets a CA draw them from) and the account its URL. Throws Error(config) when the
// directory names none.
std::vector<PersistDemand> demands_of_directory(Client& client, const std::vector<Identifier>&,
                                                std::stop_token);

}  // namespace autohttps::acme
