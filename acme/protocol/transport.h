// HTTPS to a CA, as an interface: the real one is curl's, tests have a scripted CA behind it.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autohttps::acme {

// The braces: what a designated initializer leaves out is empty, without a warning.
struct HttpRequest {
  std::string method;  // GET, HEAD, POST
  std::string url;     // https only
  std::string content_type{};
  std::string accept{};
  std::string body{};
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // as received, names lower-case
  std::string body;

  std::string_view header(
      std::string_view lower_case_name) const noexcept;  // the first; empty when absent
};

// Thread-safe, waits. Keeps connections (one serves a whole order); https only at every hop;
// redirects: at most 3 for GET and HEAD, none for POST (the 3xx is returned as a result); header
// bytes <= 64 KiB, body <= 1 MiB; verifies the server always. Any HTTP status is a result. Throws
// Error(network) when the CA was not reached, Error(protocol) when a bound was exceeded,
// Error(canceled) within 100 ms of stop.
struct Transport {
  virtual ~Transport() = default;
  virtual HttpResponse send(const HttpRequest&, std::stop_token) = 0;
};

// At most this many requests pass, nonce retries included (RELIABILITY I4: 40 + 12 x names per
// attempt); the next throws Error(protocol). Not thread-safe: one attempt, one budget.
class BudgetedTransport final : public Transport {
 public:
  BudgetedTransport(Transport& inner, int requests) : inner_(inner), left_(requests) {}
  HttpResponse send(const HttpRequest&, std::stop_token) override;

 private:
  Transport& inner_;
  int left_;
};

}  // namespace autohttps::acme
