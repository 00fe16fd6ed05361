// Signed requests: a JWS in flattened JSON (RFC 7515 7.2.2) as RFC 8555 6.2 wants it
// (not installed).
#pragma once

#include <autohttps/acme/protocol/account_key.h>

#include <string>
#include <string_view>

namespace autohttps::acme {

struct JwsHeader {
  std::string_view url;    // 6.4: the URL the request goes to, byte for byte
  std::string_view nonce;  // 6.5; empty: none, as in the inner JWS of keyChange (7.3.5)
  std::string_view
      account;  // 6.2: the account's URL goes as `kid`; empty: the key itself goes as `jwk`
};

// The request's body. An empty payload is POST-as-GET (6.3). Throws Error(crypto).
std::string sign_jws(const AccountKey&, const JwsHeader&, std::string_view payload);

// RFC 7638 of a JWK in canonical form (AccountKey::jwk()): base64url(SHA-256(jwk)).
std::string jwk_thumbprint(std::string_view jwk);

}  // namespace autohttps::acme
