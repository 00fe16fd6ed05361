// The other side of a reverse proxy: requests to one server, their answers piece by piece.
#pragma once

#include <autohttps/server/engine/request_head.h>
#include <autohttps/server/sites/upstream_url.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace autohttps {

struct UpstreamLimits {
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds silence{60'000};  // without a byte in either direction
  std::chrono::milliseconds drain{5'000};     // once `stopping`
  std::function<bool()> stopping{};           // the server is; empty: never
};

struct UpstreamRequest {
  std::string method;
  std::string target;   // put after the upstream's prefix, byte for byte
  HeaderFields fields;  // see fields_for_upstream
  bool has_body = false;
  std::optional<std::uint64_t> length;  // of the body; empty: sent in chunks
};

struct UpstreamHead {
  int status = 0;
  HeaderFields fields;                  // as they came
  std::optional<std::uint64_t> length;  // of the body, where it was told
};

// No answer, or not the whole of it.
class UpstreamError : public std::runtime_error {
 public:
  UpstreamError(int status, const std::string& text) : std::runtime_error(text), status_(status) {}
  int status() const noexcept { return status_; }  // 502, or 504 when time was up (RFC 9110 15.6)

 private:
  int status_;
};

// One request, on one thread: send() the pieces of the body, then head(), then read() to the end.
// Dropped before that, it ends its connection. Blocks no longer than the limits say.
class UpstreamExchange {
 public:
  virtual ~UpstreamExchange() = default;
  // False: the answer has come already, or nothing will: what is left of the body is not wanted.
  virtual bool send(std::string_view piece) = 0;
  virtual const UpstreamHead& head() = 0;  // throws UpstreamError
  // False: the end. Throws UpstreamError, also once `wanted`, asked now and then, says no.
  virtual bool read(std::string& piece, const std::function<bool()>& wanted = {}) = 0;
};

// Thread-safe. Keeps connections open between requests. Exchanges outlive it.
class Upstream {
 public:
  explicit Upstream(UpstreamUrl, UpstreamLimits = {});
  ~Upstream();

  std::unique_ptr<UpstreamExchange> begin(UpstreamRequest);

 private:
  struct Pool;
  const std::shared_ptr<Pool> pool_;
};

}  // namespace autohttps
