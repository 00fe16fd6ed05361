// Keys of which only the public half is here: that of the user's own certificate request.
#pragma once

#include <autohttps/common/private_key.h>

#include <string_view>

namespace autohttps {

// Of a key that PrivateKey::from_pem() read from a certificate request: it compares and has a type,
// signs nothing and cannot be written.
bool is_elsewhere(const PrivateKey&) noexcept;

// Is this a certificate request (PEM) and not a key?
bool is_request(std::string_view pem) noexcept;

}  // namespace autohttps
