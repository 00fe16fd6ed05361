// How one challenge type is answered. RFC 8555 8.
#pragma once

#include <autohttps/common/identifier.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace autohttps::acme {

struct ChallengeContext {
  Identifier identifier;
  std::string token;              // is_token()
  std::string key_authorization;  // a secret until the CA asks
};

// An answer that is up. The destructor takes it down, bounded in time, and never throws.
struct Presentation {
  virtual ~Presentation() = default;
  virtual void wait_until_visible(std::stop_token) {
  }  // DNS; called once all answers of the order are up
};

// Thread-safe: several orders present at once.
struct ChallengeSolver {
  virtual ~ChallengeSolver() = default;
  virtual std::string_view type() const noexcept = 0;  // "http-01"
  // Why it cannot work for this name here ("a wildcard needs DNS-01"); empty: it can. Cheap, no
  // network.
  virtual std::optional<std::string> obstacle(const Identifier&) const = 0;
  // The answer MUST be up when this returns. Throws Error; then nothing is left up.
  virtual std::unique_ptr<Presentation> present(const ChallengeContext&, std::stop_token) = 0;
};

}  // namespace autohttps::acme
