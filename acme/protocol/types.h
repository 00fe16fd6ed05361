// The resources of RFC 8555 7.1 as values. Every URL that a request may go to was checked to be
// https.
#pragma once

#include <autohttps/acme/protocol/external_account.h>
#include <autohttps/acme/protocol/problem.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/identifier.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace autohttps::acme {

struct Directory {  // 7.1.1
  std::string new_nonce, new_account, new_order;
  std::optional<std::string> revoke_cert, key_change, renewal_info;
  // For people, of any scheme (Pebble's terms are a data: URL); printable().
  std::optional<std::string> terms_of_service, website;
  bool external_account_required = false;
  std::vector<std::string> caa_identities;      // for CAA records (RFC 8659); printable()
  std::map<std::string, std::string> profiles;  // name -> description (draft-ietf-acme-profiles)
};

struct NewAccount {                    // 7.3
  std::vector<std::string> contact{};  // "mailto:me@example.com"
  bool terms_of_service_agreed = false;
  bool only_return_existing = false;
  std::optional<ExternalAccount> external_account{};  // 7.3.4
};

struct Account {                     // 7.1.2
  std::string url;                   // the key id of every later request
  std::string status;                // "valid", "deactivated", "revoked"
  std::vector<std::string> contact;  // empty too when the CA keeps none (Let's Encrypt)
};

struct NewOrder {  // 7.4
  std::vector<Identifier> identifiers;
  std::optional<std::string> profile{};
  std::optional<std::string> replaces{};  // RFC 9773 5
};

enum class OrderStatus { pending, ready, processing, valid, invalid };

struct Order {  // 7.1.3
  std::string url;
  OrderStatus status = OrderStatus::pending;
  std::optional<WallTime> expires;
  std::vector<Identifier> identifiers;
  std::vector<std::string> authorizations;
  std::string finalize;
  std::optional<std::string> certificate;
  std::optional<Problem> error;
  std::optional<std::chrono::milliseconds> retry_after;  // clamped to 1 s .. 24 h
};

enum class ChallengeStatus { pending, processing, valid, invalid };

struct Challenge {  // 7.1.5, 8. Those without a url are dropped when parsed; `token` is empty where
                    // the type has none
  std::string type;
  std::string url;
  ChallengeStatus status = ChallengeStatus::pending;
  // is_token(). A type that RFC 8555 or 8737 defines without one, or with another text, makes the
  // authorization unusable (RELIABILITY F21); other types than those are left out then.
  std::string token;
  // dns-persist-01, as the CA sends them: what the record may name as issuer, and the account to
  // name in it (absent in draft-00: then it is the account's URL). Names are lower-case;
  // printable().
  std::vector<std::string> issuer_domain_names{};
  std::string account_uri{};
  std::optional<Problem> error;
  // Where the CA looked, for people: "192.0.2.1 port 80, of 192.0.2.1, 2001:db8::1". From the
  // validationRecord that Let's Encrypt and Pebble add; printable(); empty when not told.
  std::string tried;
  std::optional<std::chrono::milliseconds> retry_after{};  // of the answer to our response
};

enum class AuthorizationStatus { pending, valid, invalid, deactivated, expired, revoked };

struct Authorization {  // 7.1.4
  std::string url;
  Identifier identifier;
  AuthorizationStatus status = AuthorizationStatus::pending;
  std::optional<WallTime> expires;
  std::vector<Challenge> challenges;
  bool wildcard = false;
  std::optional<std::chrono::milliseconds> retry_after;
};

struct RenewalInfo {        // RFC 9773 4.2
  WallTime start, end;      // suggestedWindow; start < end
  std::string explanation;  // an https URL for people, printable(); empty: none
  std::optional<std::chrono::seconds> retry_after;  // clamped to 1 s .. 24 h
};

struct IssuedChain {                    // 7.4.2
  std::string pem;                      // the whole chain, as sent; not yet checked
  std::vector<std::string> alternates;  // URLs of Link rel="alternate"
  std::optional<WallTime>
      ca_time;  // the answer's Date: "now" for validity checks when our clock is wrong
};

}  // namespace autohttps::acme
