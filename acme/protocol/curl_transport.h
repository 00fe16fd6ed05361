// The Transport on libcurl.
#pragma once

#include <autohttps/acme/protocol/transport.h>

#include <chrono>
#include <memory>
#include <string>

namespace autohttps::acme {

struct CurlOptions {
  std::string ca_bundle{};           // PEM file that alone is trusted; empty: the system's
  std::string proxy{};               // --ca-proxy; empty: curl's environment variables
  std::string user_agent{};          // RFC 8555 6.1: "autohttps/0.1.0 libcurl/7.88.1"; empty: that
  std::chrono::seconds timeout{60};  // for one request, connecting included
  std::chrono::seconds connect_timeout{15};
};

// Thread-safe: a pool of idle connections; each send() takes one or makes one.
class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(
      CurlOptions);  // throws Error(config) when the bundle cannot be read or holds no certificate
  ~CurlTransport() override;
  HttpResponse send(const HttpRequest&, std::stop_token) override;

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace autohttps::acme
