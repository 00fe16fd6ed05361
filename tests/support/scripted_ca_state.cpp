#include <autohttps/tests/support/scripted_ca_state.h>

#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/timestamps.h>

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace autohttps {
namespace {

using acme::HttpResponse;

constexpr auto kAuthorizationLife = std::chrono::hours(24 * 30);

Json problem_json(const std::string& type, const std::string& detail) {
  return {{"type", "urn:ietf:params:acme:error:" + type}, {"detail", detail}, {"status", 403}};
}

Json identifier_json(const Identifier& identifier) {
  return {{"type", identifier.type == Identifier::Type::dns ? "dns" : "ip"},
          {"value", identifier.value}};
}

// A wildcard's authorization is for the name without "*." (RFC 8555 7.1.4).
Identifier authorized_name(const Identifier& name) {
  return name.is_wildcard() ? Identifier{name.type, name.value.substr(2)} : name;
}

Identifier read_identifier(const Json& json) {
  const std::string value = json.at("value").get<std::string>();
  Identifier identifier;
  try {
    identifier = Identifier::parse(value);
  } catch (const Error& error) {
    throw CaProblem("rejectedIdentifier", 400, error.what());
  }
  // A CA does not mend what a client should have sent in its canonical spelling.
  if (identifier_json(identifier) != json)
    throw CaProblem("malformed", 400, "identifier " + json.dump());
  return identifier;
}

}  // namespace

HttpResponse json_answer(int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"content-type", "application/json; charset=utf-8"}};
  response.body = body.dump();
  return response;
}

HttpResponse ScriptedCa::State::directory() {
  const std::string base(kCaBase);
  Json meta = {{"termsOfService", base + "/terms"},
               {"website", "http://ca.test/about"},
               {"caaIdentities", {"ca.test"}},
               {"externalAccountRequired", behaviour.external_account_required}};
  if (!behaviour.profiles.empty()) meta["profiles"] = behaviour.profiles;
  Json members = {{"newNonce", base + "/new-nonce"},
                  {"newAccount", base + "/new-account"},
                  {"newOrder", base + "/new-order"},
                  {"revokeCert", base + "/revoke"},
                  {"keyChange", base + "/key-change"},
                  {"AbCdEf", "https://ca.test/why-a-member-nobody-knows"},
                  {"meta", std::move(meta)}};
  if (behaviour.renewal_information) members["renewalInfo"] = base + "/renewal-info";
  return json_answer(200, members);
}

HttpResponse ScriptedCa::State::new_order(const CaAccount& owner, const Json& payload) {
  std::vector<Identifier> names;
  for (const Json& identifier : payload.at("identifiers"))
    names.push_back(read_identifier(identifier));
  if (names.empty()) throw CaProblem("malformed", 400, "no identifiers");
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::string profile = payload.value("profile", "");
  if (!profile.empty() && behaviour.profiles.count(profile) == 0) {
    throw CaProblem("invalidProfile", 400, "no profile " + profile);
  }
  const std::string replaces =
      behaviour.renewal_information ? payload.value("replaces", "") : std::string();
  if (!replaces.empty()) check_replaces(owner, replaces, names);
  if (behaviour.habits)
    counters.order(*behaviour.habits, owner.url, names, !replaces.empty(), clock.wall());
  CaOrder* order = nullptr;
  for (const auto& known : orders) {
    const std::string status = status_of(*known);
    if (behaviour.reuse_orders && known->account == owner.url && known->names == names &&
        known->profile == profile && (status == "pending" || status == "ready")) {
      order = known.get();
    }
  }
  if (order == nullptr) {
    order = orders.emplace_back(std::make_unique<CaOrder>()).get();
    order->url = std::string(kCaBase) + "/order/" + std::to_string(++made);
    order->account = owner.url;
    order->names = names;
    order->profile = profile;
    order->replaces = replaces;
    order->expires = clock.wall() + behaviour.order_life;
    for (const Identifier& name : names) order->authorizations.push_back(authorize(owner, name));
  }
  HttpResponse response = json_answer(201, show(*order));
  response.headers.emplace_back("location", order->url);
  return response;
}

std::string ScriptedCa::State::authorize(const CaAccount& owner, const Identifier& name) {
  for (const auto& known : authorizations) {
    if (behaviour.reuse_authorizations && known->account == owner.url &&
        known->identifier == name && known->status == "valid" && known->expires > clock.wall()) {
      return known->url;
    }
  }
  CaAuthorization& authorization =
      *authorizations.emplace_back(std::make_unique<CaAuthorization>());
  const std::string number = std::to_string(++made);
  authorization.url = std::string(kCaBase) + "/authorization/" + number;
  authorization.account = owner.url;
  authorization.identifier = name;
  authorization.expires = clock.wall() + kAuthorizationLife;
  std::vector<std::string> types = {"dns-persist-01", "tls-alpn-01", "http-01"};
  if (name.type == Identifier::Type::dns) types.insert(types.begin(), "dns-01");
  if (name.is_wildcard()) types = {"dns-01"};
  for (const std::string& type : types) {
    // The newest kind has no token: clients must not choke on it.
    authorization.challenges.push_back({std::string(kCaBase) + "/challenge/" + number + "/" + type,
                                        type, type == "dns-persist-01" ? "" : fresh_token()});
  }
  return authorization.url;
}

Json ScriptedCa::State::show(const CaAuthorization& authorization, const CaChallenge& challenge,
                             bool hidden) const {
  std::string status = authorization.status;
  if (hidden) status = authorization.responded ? "processing" : "pending";
  if (status == "deactivated") status = "pending";  // a challenge knows no such state
  Json json = {{"type", challenge.type}, {"url", challenge.url}, {"status", status}};
  if (!challenge.token.empty()) json["token"] = challenge.token;
  if (!hidden && !authorization.error.is_null()) {
    json["error"] = authorization.error;
    json["validationRecord"] = {{{"hostname", authorization.identifier.value},
                                 {"port", "80"},
                                 {"addressesResolved", {"192.0.2.1"}},
                                 {"addressUsed", "192.0.2.1"}}};
  }
  return json;
}

Json ScriptedCa::State::show(CaAuthorization& authorization) {
  const bool hidden = authorization.hidden_for > 0;
  if (hidden) --authorization.hidden_for;
  Json challenges = Json::array();
  for (const CaChallenge& challenge : authorization.challenges) {
    challenges.push_back(show(authorization, challenge, hidden));
  }
  Json json = {{"identifier", identifier_json(authorized_name(authorization.identifier))},
               {"status", hidden ? "pending" : authorization.status},
               {"expires", format_rfc3339(authorization.expires)},
               {"challenges", std::move(challenges)}};
  if (authorization.identifier.is_wildcard()) json["wildcard"] = true;
  return json;
}

HttpResponse ScriptedCa::State::authorization(CaAuthorization& authorization,
                                              const std::string& payload) {
  if (!payload.empty()) {
    if (parse_json(payload, "authorization") != Json{{"status", "deactivated"}}) {
      throw CaProblem("malformed", 400, "only its status can be changed, to deactivated");
    }
    authorization.status = "deactivated";
  }
  HttpResponse response = json_answer(200, show(authorization));
  for (const std::string& value : behaviour.authorization_retry_after) {
    response.headers.emplace_back("retry-after", value);
  }
  return response;
}

// The lock is held: what is to be fetched from port 80 is noted, and ScriptedCa::send does it
// without the lock.
HttpResponse ScriptedCa::State::challenge(const CaAccount& owner, const std::string& url,
                                          const std::string& payload) {
  if (payload != "{}") throw CaProblem("malformed", 400, "the body of a challenge response is {}");
  for (const auto& authorization : authorizations) {
    for (const CaChallenge& challenge : authorization->challenges) {
      if (challenge.url != url || authorization->account != owner.url) continue;
      if (authorization->status == "pending" && !authorization->responded) {
        authorization->responded = true;
        to_validate.push_back({authorization->url, authorization->identifier, challenge.token,
                               challenge.token + "." + owner.thumbprint});
      }
      const bool hidden = authorization->hidden_for > 0 || authorization->status == "pending";
      HttpResponse response = json_answer(200, show(*authorization, challenge, hidden));
      response.headers.emplace_back("link", "<" + authorization->url + ">;rel=\"up\"");
      return response;
    }
  }
  throw CaProblem("malformed", 404, "no such challenge");
}

void ScriptedCa::State::settle(const CaValidation& validation,
                               const std::optional<std::string>& body) {
  for (const auto& authorization : authorizations) {
    if (authorization->url != validation.authorization) continue;
    authorization->hidden_for = behaviour.validation_polls;
    authorization->status = "invalid";
    if (!body) {
      authorization->error = problem_json(
          "connection", "port 80 of " + validation.identifier.value + " does not answer");
    } else if (*body != validation.key_authorization) {
      authorization->error =
          problem_json("unauthorized", "the key authorization is another: \"" + *body + "\"");
    } else {
      authorization->status = "valid";
    }
    const std::string& owner = authorization->account;
    if (authorization->status == "valid")
      counters.validated(owner, validation.identifier);
    else if (behaviour.habits)
      counters.failed(*behaviour.habits, owner, validation.identifier, clock.wall());
  }
}

std::string ScriptedCa::State::status_of(const CaOrder& order) const {
  if (order.status == "valid" || order.status == "invalid") return order.status;
  if (order.expires <= clock.wall()) return "invalid";
  if (order.finalized) return "processing";
  if (behaviour.orders_stay_pending) return "pending";
  bool all_valid = true;
  for (const auto& authorization : authorizations) {
    if (std::find(order.authorizations.begin(), order.authorizations.end(), authorization->url) ==
        order.authorizations.end()) {
      continue;
    }
    if (authorization->status == "invalid" || authorization->status == "deactivated") {
      return "invalid";
    }
    all_valid = all_valid && authorization->status == "valid" && authorization->hidden_for == 0;
  }
  return all_valid ? "ready" : "pending";
}

Json ScriptedCa::State::show(const CaOrder& order) {
  const std::string status = status_of(order);
  Json identifiers = Json::array();
  for (const Identifier& name : order.names) identifiers.push_back(identifier_json(name));
  Json json = {{"status", status},
               {"expires", format_rfc3339(order.expires)},
               {"identifiers", std::move(identifiers)},
               {"authorizations", order.authorizations},
               {"finalize", order.url + "/finalize"},
               {"notBefore", nullptr}};
  if (status == "valid") json["certificate"] = order.certificate;
  if (status == "invalid" && !order.error.is_null()) json["error"] = order.error;
  if (!order.profile.empty()) json["profile"] = order.profile;
  if (!order.replaces.empty()) json["replaces"] = order.replaces;
  return json;
}

HttpResponse ScriptedCa::State::order(CaOrder& order) {
  if (order.finalized && status_of(order) == "processing" && --order.hidden_for < 0) {
    order.status = "valid";
    if (behaviour.finalize_fails) {
      order.status = "invalid";
      order.error = problem_json(behaviour.finalize_fails->first, behaviour.finalize_fails->second);
    }
  }
  HttpResponse response = json_answer(200, show(order));
  for (const std::string& value : behaviour.order_retry_after) {
    response.headers.emplace_back("retry-after", value);
  }
  return response;
}

HttpResponse ScriptedCa::State::finalize(const CaAccount& owner, CaOrder& order,
                                         const Json& payload) {
  if (status_of(order) != "ready")
    throw CaProblem("orderNotReady", 403, "the order is " + status_of(order));
  const auto der = base64url_decode(payload.at("csr").get<std::string>());
  if (!der) throw CaProblem("malformed", 400, "csr is not base64url");
  ParsedCsr csr;
  try {
    csr = parse_csr(*der);
  } catch (const std::exception& error) {
    throw CaProblem("badCSR", 400, error.what());
  }
  if (csr.names != order.names) throw CaProblem("badCSR", 400, "the names are not the order's");
  if (EVP_PKEY_eq(csr.key.get(), public_key_of(owner.jwk).get()) == 1) {
    throw CaProblem("badCSR", 400, "the certificate's key is the account's");  // RFC 8555 11.1
  }
  order.finalized = true;
  order.hidden_for = behaviour.finalize_polls;
  if (!behaviour.finalize_fails) issue(order, csr);
  return this->order(order);
}

}  // namespace autohttps
