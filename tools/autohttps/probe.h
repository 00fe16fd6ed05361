// Does whoever holds the HTTP or the HTTPS port answer for our store?
#pragma once

#include <autohttps/acme/auto_certificates.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace autohttps::tools {

// Publishes a token and asks for it at this machine's port, as the CA would. Bounded: 2 s.
bool answers_from_our_store(AutoCertificates&, const std::string& address, std::uint16_t port);

// The same for the HTTPS port: a challenge is published for a name that cannot exist, and asked for
// with acme-tls/1.
bool answers_acme_tls_from_our_store(AutoCertificates&, const std::string& address,
                                     std::uint16_t port);

// One HTTP/1.1 GET on a plain socket; true when the answer is 200 with exactly this body. `address`
// is a numeric IP.
bool get_gives(const std::string& address, std::uint16_t port, std::string_view path,
               std::string_view body);

}  // namespace autohttps::tools
