// Where in the store the plans of a certificate's key types lie (not installed).
#pragma once

#include <autohttps/common/private_key.h>

#include <optional>
#include <string>
#include <string_view>

namespace autohttps::acme {

// certificates/<id>/state.json, certificates/<id>/state-rsa2048.json.
std::string state_of(std::string_view id, std::optional<KeyType> further);
// certificates/<id>/pending, certificates/<id>/pending-rsa2048.
std::string pending_of(std::string_view id, std::optional<KeyType> further);

}  // namespace autohttps::acme
