// The operations on an account, and those on certificates that are out.
#include <autohttps/acme/protocol/answers.h>
#include <autohttps/acme/protocol/client.h>
#include <autohttps/acme/protocol/headers.h>
#include <autohttps/acme/protocol/jws.h>
#include <autohttps/acme/protocol/resources.h>
#include <autohttps/acme/protocol/url.h>
#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>
#include <autohttps/common/json.h>

namespace autohttps::acme {
namespace {

Json new_account_payload(const NewAccount& request, const AccountKey& key, std::string_view url) {
  Json payload = Json::object();
  if (!request.contact.empty()) payload["contact"] = request.contact;
  if (request.terms_of_service_agreed) payload["termsOfServiceAgreed"] = true;
  if (request.only_return_existing) payload["onlyReturnExisting"] = true;
  if (request.external_account) {
    payload["externalAccountBinding"] =
        Json::parse(external_account_binding(*request.external_account, key, url));
  }
  return payload;
}

// An operation that a CA may leave out of its directory.
std::string offered(const std::optional<std::string>& url, std::string_view doing,
                    const char* member) {
  if (url) return *url;
  throw Error(ErrorCode::config, std::string(doing) + ": the CA offers no " + member,
              "it has to be done on the CA's web site, or by its support");
}

}  // namespace

Account Client::new_account(const NewAccount& request, std::stop_token stop) {
  const std::string& origin = session_->directory_url();
  const std::string doing = doing_to("registering an account at", host_of(origin));
  const std::string url = directory(stop).new_account;
  const HttpResponse response =
      post_for_json(url, new_account_payload(request, *key_, url).dump(), as_key(), doing, stop);
  Account account = parse_account(response.body, {doing, origin});
  account.url = location_of(response, doing, origin);
  use_account(account.url);
  return account;
}

Account Client::change_account(const std::string& payload, std::string_view verb,
                               std::stop_token stop) {
  const std::string url = account_url();
  const std::string doing = doing_to(verb, url);
  const HttpResponse response = post_for_json(url, payload, as_account(), doing, stop);
  Account account = parse_account(response.body, {doing, session_->directory_url()});
  account.url = url;
  return account;
}

Account Client::account(std::stop_token stop) {
  return change_account("", "reading the account", stop);
}

Account Client::update_contact(const std::vector<std::string>& contact, std::stop_token stop) {
  return change_account(Json{{"contact", contact}}.dump(), "changing the contact of the account",
                        stop);
}

Account Client::deactivate_account(std::stop_token stop) {
  return change_account(R"({"status":"deactivated"})", "deactivating the account", stop);
}

void Client::change_key(const AccountKey& key, std::stop_token stop) {
  const std::string account = account_url();
  const std::string doing = doing_to("changing the key of the account", account);
  const std::string url = offered(directory(stop).key_change, doing, "keyChange");
  // 7.3.5: the new key signs that it belongs to this account, the old one that this is wanted.
  const Json change = {{"account", account}, {"oldKey", Json::parse(key_->jwk())}};
  const JwsHeader inner{.url = url, .nonce = {}, .account = {}};
  post(url, sign_jws(key, inner, change.dump()), as_account(), doing, stop);
}

void Client::revoke(std::string_view certificate_der, std::optional<RevocationReason> reason,
                    std::stop_token stop) {
  revoke(certificate_der, reason, as_account(), stop);
}

void Client::revoke(std::string_view certificate_der, std::optional<RevocationReason> reason,
                    const PrivateKey& certificate_key, std::stop_token stop) {
  const AccountKey key(certificate_key);
  revoke(certificate_der, reason, Signer{key, {}}, stop);
}

void Client::revoke(std::string_view certificate_der, std::optional<RevocationReason> reason,
                    const Signer& signer, std::stop_token stop) {
  const std::string doing =
      doing_to("revoking a certificate of", host_of(session_->directory_url()));
  const std::string url = offered(directory(stop).revoke_cert, doing, "revokeCert");
  Json payload = {{"certificate", base64url_encode(certificate_der)}};
  // RFC 5280 5.3.1: "the reason code CRL entry extension SHOULD be absent instead of using the
  // unspecified (0) reasonCode value".
  if (reason && *reason != RevocationReason::unspecified) {
    payload["reason"] = static_cast<int>(*reason);
  }
  post(url, payload.dump(), signer, doing, stop);
}

std::optional<RenewalInfo> Client::renewal_info(std::string_view certificate,
                                                std::stop_token stop) {
  const auto base = directory(stop).renewal_info;
  if (!base) return std::nullopt;
  const std::string url = *base + (base->ends_with('/') ? "" : "/") + std::string(certificate);
  const std::string doing = doing_to("reading the renewal information", url);
  const HttpResponse response = get(url, doing, stop);
  require_content_type(response, "application/json", doing);
  RenewalInfo info = parse_renewal_info(response.body, {doing, session_->directory_url()});
  info.retry_after = retry_after(response, clock_.wall());
  return info;
}

}  // namespace autohttps::acme
