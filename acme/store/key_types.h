// The key types of one certificate: a pair has one for elliptic curves and one for RSA.
#pragma once

#include <autohttps/common/private_key.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// "ec256" or "ec256,rsa2048". Throws Error(config) as check_key_types().
std::vector<KeyType> parse_key_types(std::string_view text);
std::string key_types_text(const std::vector<KeyType>&);  // "ec256,rsa2048"

// At least one, and no two of a kind: a server offers one certificate for elliptic curves and one
// for RSA, so that a third would be bought and never seen. Throws Error(config).
void check_key_types(const std::vector<KeyType>&);

// In the store the first type of a wish has the plain names (state.json, pending/), every other one
// names of its own (state-rsa2048.json, pending-rsa2048/). Empty: `type` is the first.
std::optional<KeyType> further_type(const std::vector<KeyType>& types, KeyType type);

}  // namespace autohttps::acme
