// A CA as the commands on accounts and certificates reach it.
#pragma once

#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/acme/protocol/curl_transport.h>
#include <autohttps/common/clock.h>

#include <memory>
#include <string>

namespace autohttps::tools {

// Asks nothing of the network yet. Throws Error(config).
class CaReached {
 public:
  CaReached(Clock& clock, const std::string& directory_url, const std::string& ca_bundle,
            const std::string& proxy)
      : transport_({.ca_bundle = ca_bundle, .proxy = proxy}),
        connection_{std::make_shared<acme::ClientSession>(directory_url), transport_, clock} {}

  const acme::CaConnection& connection() const noexcept { return connection_; }

 private:
  acme::CurlTransport transport_;
  acme::CaConnection connection_;
};

}  // namespace autohttps::tools
