// What the scripted CA remembers, and its operations. Not for tests: see scripted_ca.h.
#pragma once

#include <autohttps/tests/support/scripted_ca.h>
#include <autohttps/tests/support/scripted_ca_jws.h>

#include <autohttps/common/json.h>

#include <mutex>
#include <set>

namespace autohttps {

struct CaRule {
  Operation operation;
  int nth;
  int times;
  Action action;
};

struct CaAccount {
  Json jwk;
  std::string thumbprint, url, status = "valid";
  std::vector<std::string> contact;
};

struct CaChallenge {
  std::string url, type, token;
};

struct CaAuthorization {
  std::string url, account;
  Identifier identifier;
  std::string status = "pending";  // what it is; seen `hidden_for` more times as pending
  int hidden_for = 0;
  bool responded = false;
  Json error;  // of the challenge
  std::vector<CaChallenge> challenges;
  WallTime expires;
};

struct CaOrder {
  std::string url, account, profile, replaces;
  std::vector<Identifier> names;            // sorted
  std::vector<std::string> authorizations;  // URLs
  std::string status = "pending";           // pending stands for "as the authorizations are"
  int hidden_for = 0;                       // polls it is seen processing
  bool finalized = false;
  Json error;
  WallTime expires;
  std::string certificate;  // URL
};

struct CaCertificate {
  std::string identifier, account, der;
  std::shared_ptr<EVP_PKEY> key;
  std::vector<Identifier> names;  // sorted
  WallTime not_before, not_after;
  std::optional<CaRevocation> revocation;
};

struct CaValidation {
  std::string authorization;  // URL
  Identifier identifier;
  std::string token, key_authorization;
};

// The lock is the caller's (ScriptedCa's) business.
struct ScriptedCa::State {
  State(Clock& clock_in, Validate validate_in, ScriptedCaBehaviour behaviour_in)
      : clock(clock_in),
        validate(std::move(validate_in)),
        behaviour(std::move(behaviour_in)),
        issuer(clock_in.wall()) {}

  Action next_action(Operation);  // counts the request
  acme::HttpResponse answer(Operation, const acme::HttpRequest&, const Action&, SeenRequest&);
  // One request, from method and URL to the answer. Throws CaProblem.
  acme::HttpResponse work(Operation, const acme::HttpRequest&, SeenRequest&);
  acme::HttpResponse signed_work(Operation, const SignedRequest&, const std::string& url);
  CaAccount& account_of(const SignedRequest&);
  void check_signed(Operation, const acme::HttpRequest&, const SignedRequest&);

  acme::HttpResponse directory();
  acme::HttpResponse new_account(const SignedRequest&);
  acme::HttpResponse account(CaAccount&, const SignedRequest&);
  void check_binding(const Json& payload, const Json& jwk);
  acme::HttpResponse key_change(CaAccount&, const SignedRequest&);
  acme::HttpResponse new_order(const CaAccount&, const Json& payload);
  void check_replaces(const CaAccount&, const std::string& replaces,
                      const std::vector<Identifier>& names);
  acme::HttpResponse order(CaOrder&);
  acme::HttpResponse authorization(CaAuthorization&, const std::string& payload);
  acme::HttpResponse challenge(const CaAccount&, const std::string& url,
                               const std::string& payload);
  acme::HttpResponse finalize(const CaAccount&, CaOrder&, const Json& payload);
  void issue(CaOrder&, const ParsedCsr&);
  void remember(const CaOrder&, const CertificateRequest&, const std::string& chain);
  acme::HttpResponse certificate(const std::string& url, const CaAccount&);
  acme::HttpResponse revoke(const SignedRequest&);
  acme::HttpResponse renewal_info(const std::string& url);

  std::string authorize(const CaAccount&,
                        const Identifier&);  // URL of a new or reused authorization
  void settle(const CaValidation&, const std::optional<std::string>& body);
  std::string status_of(const CaOrder&) const;
  Json show(const CaOrder&);
  Json show(CaAuthorization&);
  Json show(const CaAuthorization&, const CaChallenge&, bool hidden) const;
  CaOrder& order_at(const std::string& url, const CaAccount&);
  CaAuthorization& authorization_at(const std::string& url, const CaAccount&);
  std::string fresh_nonce();
  std::string fresh_token();

  Clock& clock;
  const Validate validate;
  ScriptedCaBehaviour behaviour;
  const CertificateIssuer issuer;

  mutable std::mutex mutex;  // guards all below
  std::vector<CaRule> rules;
  std::vector<SeenRequest> requests;
  std::map<Operation, int> counts;
  std::set<std::string> nonces;
  std::vector<CaValidation> to_validate;
  int made = 0;  // numbers of everything
  std::vector<CaAccount> accounts;
  std::vector<std::unique_ptr<CaOrder>> orders;
  std::vector<std::unique_ptr<CaAuthorization>> authorizations;
  std::map<std::string, std::vector<std::string>>
      chains;  // certificate URL -> the chain and its alternates
  std::vector<CaCertificate> certificates;
  std::vector<std::string> sold;
  std::optional<CertificateIssuer> alternate_issuer;  // made when first needed
  CaCounters counters;
};

inline constexpr std::string_view kCaBase = "https://ca.test";

acme::HttpResponse json_answer(int status, const Json& body);

}  // namespace autohttps
