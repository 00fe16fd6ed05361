// The account that a person has on a CA's web site, and its binding to an ACME account (RFC 8555
// 7.3.4).
#pragma once

#include <autohttps/acme/protocol/account_key.h>
#include <autohttps/common/secret.h>

#include <string>
#include <string_view>

namespace autohttps::acme {

enum class BindingAlgorithm { hs256, hs384, hs512 };  // RFC 7518 3.2

std::string_view binding_algorithm_name(BindingAlgorithm) noexcept;  // "HS256" ...
BindingAlgorithm parse_binding_algorithm(std::string_view);  // throws Error(config) listing them

struct ExternalAccount {
  std::string key_id;  // as the CA gave it
  BindingAlgorithm algorithm = BindingAlgorithm::hs256;
  Secret key;  // the MAC key's bytes
};

// From what the CA's web site shows. The key: base64url, with or without padding, blanks and line
// ends around it. Throws Error(config) that says which of the three is wrong and never shows the
// key.
ExternalAccount read_external_account(std::string_view key_id, std::string_view algorithm,
                                      const Secret& key_text);

// The `externalAccountBinding` of a newAccount request to this URL: a JWS in flattened JSON over
// the account's JWK. Throws Error(crypto).
std::string external_account_binding(const ExternalAccount&, const AccountKey&,
                                     std::string_view new_account_url);

}  // namespace autohttps::acme
