// What a client asks for before anything is decided.
#pragma once

#include <span>
#include <string_view>

namespace autohttps {

struct ClientHello {  // views live for the call
  std::string_view
      server_name;  // SNI, lower-case; empty when absent (clients send none for an IP address)
  std::span<const std::string_view>
      alpn;  // from the raw extension: in TLS 1.2 certificates are chosen before ALPN is
  std::string_view local_ip;  // our end's address: what an IP certificate is chosen by
};

}  // namespace autohttps
