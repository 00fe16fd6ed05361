// TLS-ALPN-01 answered by whoever holds port 443 and reads this store (RFC 8737, RFC 8738).
#pragma once

#include <autohttps/acme/challenges/answering_ways.h>
#include <autohttps/acme/challenges/challenge_solver.h>
#include <autohttps/acme/store/published_answers.h>
#include <autohttps/common/clock.h>

namespace autohttps::acme {

// A self-signed certificate for exactly the identifier, with a key of its own and the digest of the
// key authorization in it, good for an hour.
class PublishedTlsAlpn01 final : public ChallengeSolver {
 public:
  PublishedTlsAlpn01(PublishedAnswers& answers, const AnsweringWays& ways, const Clock& clock)
      : answers_(answers), ways_(ways), clock_(clock) {}
  std::string_view type() const noexcept override { return "tls-alpn-01"; }
  std::optional<std::string> obstacle(const Identifier&) const override;
  // Waits for another order that proves the same name; then throws Error(locked).
  std::unique_ptr<Presentation> present(const ChallengeContext&, std::stop_token) override;

 private:
  PublishedAnswers& answers_;
  const AnsweringWays& ways_;
  const Clock& clock_;
};

}  // namespace autohttps::acme
