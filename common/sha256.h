// The one digest that is asked for outside of signatures (FIPS 180-4).
#pragma once

#include <string>
#include <string_view>

namespace autohttps {

std::string sha256(std::string_view bytes);  // 32 bytes. Throws Error(crypto) if OpenSSL has none
std::string sha256_hex(std::string_view bytes);  // 64 lower-case digits

}  // namespace autohttps
