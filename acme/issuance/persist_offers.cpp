#include <autohttps/acme/issuance/persist_offers.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

constexpr std::string_view kType = "dns-persist-01";

Identifier name_of(const Authorization& authorization) {
  Identifier name = authorization.identifier;
  if (authorization.wildcard && !name.is_wildcard()) name.value.insert(0, "*.");
  return name;
}

PersistDemand demand_of(const Authorization& authorization, const Client& client) {
  const Identifier name = name_of(authorization);
  std::string offered;
  for (const Challenge& challenge : authorization.challenges) {
    if (challenge.type == kType && !challenge.issuer_domain_names.empty()) {
      return persist_demand(
          name, challenge.issuer_domain_names,
          challenge.account_uri.empty() ? client.account_url() : challenge.account_uri);
    }
    offered += (offered.empty() ? "" : ", ") + printable(challenge.type, 40);
  }
  throw Error(ErrorCode::config,
              "the CA does not offer dns-persist-01 for \"" + name.value + "\"; it offers " +
                  (offered.empty() ? "nothing" : offered),
              authorization.status == AuthorizationStatus::valid
                  ? "the name is proven already, in another way; a later order may say more"
                  : "prove it in one of these ways, or ask another CA (--server)");
}

}  // namespace

std::vector<PersistDemand> demands_of_order(Client& client, const std::vector<Identifier>& names,
                                            const std::optional<std::string>& profile,
                                            Budget& budget, std::stop_token stop) {
  budget.spend(Budget::Spend::new_order, names, stop);
  NewOrder wanted;
  wanted.identifiers = names;
  wanted.profile = profile;
  const Order order = client.new_order(wanted, stop);
  std::vector<std::pair<Identifier, PersistDemand>> found;
  for (const std::string& url : order.authorizations) {
    const Authorization authorization = client.authorization(url, stop);
    found.emplace_back(name_of(authorization), demand_of(authorization, client));
  }
  std::vector<PersistDemand> demands;
  for (const Identifier& name : names) {
    const auto one = std::ranges::find(found, name, &std::pair<Identifier, PersistDemand>::first);
    if (one == found.end()) {
      throw Error(ErrorCode::protocol,
                  "the CA's order has no authorization for \"" + name.value + "\"");
    }
    demands.push_back(one->second);
  }
  return demands;
}

std::vector<PersistDemand> demands_of_directory(Client& client,
                                                const std::vector<Identifier>& names,
                                                std::stop_token stop) {
  std::vector<std::string> issuers;
  for (const std::string& issuer : client.directory(stop).caa_identities) {
    issuers.push_back(to_lower(issuer));
  }
  if (issuers.empty()) {
    throw Error(ErrorCode::config, "the CA's directory does not say how the CA is called in DNS",
                "autohttps dns-persist record, without --no-order, asks the CA for it by an order");
  }
  std::vector<PersistDemand> demands;
  demands.reserve(names.size());
  for (const Identifier& name : names) {
    demands.push_back(persist_demand(name, issuers, client.account_url()));
  }
  return demands;
}

}  // namespace autohttps::acme
