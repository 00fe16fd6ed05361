// The scripted CA's accounts: RFC 8555 7.3.
#include <autohttps/tests/support/scripted_ca_state.h>

namespace autohttps {
namespace {

using acme::HttpResponse;

std::vector<std::string> checked_contact(const Json& list) {
  const auto contact = list.get<std::vector<std::string>>();
  for (const std::string& one : contact) {
    if (!one.starts_with("mailto:")) throw CaProblem("unsupportedContact", 400, one);
    if (one.find('@') == std::string::npos) throw CaProblem("invalidContact", 400, one);
  }
  return contact;
}

}  // namespace

HttpResponse ScriptedCa::State::new_account(const SignedRequest& request) {
  const Json payload = parse_json(request.payload, "newAccount");
  const Json& jwk = request.header.at("jwk");
  const std::string thumbprint = thumbprint_of(jwk);
  for (CaAccount& known : accounts) {
    if (known.thumbprint != thumbprint) continue;
    if (known.status != "valid")
      throw CaProblem("unauthorized", 403, "the account is " + known.status);
    return account(known, request);
  }
  if (payload.value("onlyReturnExisting", false)) {
    throw CaProblem("accountDoesNotExist", 400, "no account has this key");
  }
  if (behaviour.terms_required && !payload.value("termsOfServiceAgreed", false)) {
    throw CaProblem("userActionRequired", 403, "the terms of service must be agreed to");
  }
  check_binding(payload, jwk);
  if (behaviour.habits) counters.account(*behaviour.habits, clock.wall());
  CaAccount made_account;
  made_account.jwk = jwk;
  made_account.thumbprint = thumbprint;
  made_account.url = std::string(kCaBase) + "/account/" + std::to_string(++made);
  made_account.contact = checked_contact(payload.value("contact", Json::array()));
  accounts.push_back(made_account);
  HttpResponse response = account(accounts.back(), request);
  response.status = 201;
  return response;
}

// RFC 8555 7.3.4.
void ScriptedCa::State::check_binding(const Json& payload, const Json& jwk) {
  if (!payload.contains("externalAccountBinding")) {
    if (!behaviour.external_account_required) return;
    throw CaProblem("externalAccountRequired", 403, "an external account must be bound");
  }
  const SignedRequest binding = read_inner_jws(payload.at("externalAccountBinding"));
  if (binding.header.contains("nonce"))
    throw CaProblem("malformed", 400, "the binding has a nonce");
  if (binding.header.value("url", "") != std::string(kCaBase) + "/new-account")
    throw CaProblem("malformed", 400, "the binding's url is not newAccount's");
  if (parse_json(binding.payload, "binding") != jwk)
    throw CaProblem("malformed", 400, "the binding is of another key");
  const auto known = behaviour.external_keys.find(binding.header.value("kid", ""));
  if (known == behaviour.external_keys.end())
    throw CaProblem("unauthorized", 403, "no external account has this key id");
  verify_mac(binding, known->second);
}

// RFC 8555 7.3.2, 7.3.6.
HttpResponse ScriptedCa::State::account(CaAccount& known, const SignedRequest& request) {
  const bool is_update = request.header.contains("kid") && !request.payload.empty();
  if (is_update) {
    const Json payload = parse_json(request.payload, "account");
    if (payload.contains("contact")) known.contact = checked_contact(payload.at("contact"));
    if (payload.contains("status")) {
      if (payload.at("status") != "deactivated")
        throw CaProblem("malformed", 400, "an account can only be deactivated");
      known.status = "deactivated";
    }
  }
  Json body = {{"status", known.status}, {"orders", known.url + "/orders"}};
  if (!known.contact.empty() && behaviour.keeps_contacts) body["contact"] = known.contact;
  HttpResponse response = json_answer(200, body);
  response.headers.emplace_back("location", known.url);
  return response;
}

// RFC 8555 7.3.5.
HttpResponse ScriptedCa::State::key_change(CaAccount& owner, const SignedRequest& request) {
  const SignedRequest inner = read_inner_jws(parse_json(request.payload, "keyChange"));
  if (!inner.header.contains("jwk") || inner.header.contains("nonce") ||
      inner.header.contains("kid"))
    throw CaProblem("malformed", 400, "the inner JWS has a jwk and no nonce");
  if (inner.header.value("url", "") != request.header.at("url").get<std::string>())
    throw CaProblem("malformed", 400, "the inner url is not the outer");
  const Json& jwk = inner.header.at("jwk");
  verify_jws(inner, jwk);
  const Json change = parse_json(inner.payload, "keyChange");
  if (change.value("account", "") != owner.url)
    throw CaProblem("malformed", 400, "the inner account is not the outer");
  if (change.at("oldKey") != owner.jwk)
    throw CaProblem("malformed", 400, "oldKey is not the account's key");
  const std::string thumbprint = thumbprint_of(jwk);
  for (const CaAccount& account : accounts) {
    if (account.thumbprint == thumbprint)
      throw CaProblem("conflict", 409, "the key is an account's: " + account.url);
  }
  owner.jwk = jwk;
  owner.thumbprint = thumbprint;
  return json_answer(200, Json{{"status", owner.status}});
}

}  // namespace autohttps
