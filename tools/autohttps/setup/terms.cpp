#include <autohttps/tools/autohttps/setup/terms.h>

#include <autohttps/acme/protocol/client.h>
#include <autohttps/acme/protocol/curl_transport.h>
#include <autohttps/common/strings.h>
#include <autohttps/tools/autohttps/ca_settings.h>

#include <memory>

namespace autohttps::tools {

std::optional<std::string> terms_of_service(const Settings& settings) {
  acme::CurlOptions options;
  const CaOptions ca = first_ca(settings);
  options.ca_bundle = ca.ca_bundle;
  options.proxy = ca.ca_proxy;
  acme::CurlTransport transport(std::move(options));
  SystemClock clock;
  // A directory is read by anybody: this key is never shown.
  const auto key = std::make_shared<const acme::AccountKey>(PrivateKey::generate(KeyType::ec256));
  acme::Client client(std::make_shared<acme::ClientSession>(ca.server), transport, clock, key);
  const auto terms = client.directory({}).terms_of_service;
  if (!terms) return std::nullopt;
  return printable(*terms, 500);
}

}  // namespace autohttps::tools
