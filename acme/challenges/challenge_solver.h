// How one challenge type is answered. RFC 8555 8.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/identifier.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

struct ChallengeContext {
  Identifier identifier;
  std::string token;              // is_token(); empty: dns-persist-01
  std::string key_authorization;  // a secret until the CA asks; empty without a token
  // dns-persist-01: what the CA looks for, as it says it, never made up by us.
  std::vector<std::string> issuer_domain_names{};
  std::string account_uri{};  // the challenge's, or, where it has none (draft-00), the account's
};

// An answer that is up. The destructor takes it down, bounded in time, and never throws.
struct Presentation {
  virtual ~Presentation() = default;
  // DNS; called once all answers of the order are up. Throws Error when the answer cannot be seen
  // by its own deadline or by `latest`, the end of the attempt (RELIABILITY I7), and
  // Error(canceled).
  virtual void wait_until_visible(SteadyTime latest, std::stop_token stop) {
    static_cast<void>(latest), static_cast<void>(stop);
  }
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
