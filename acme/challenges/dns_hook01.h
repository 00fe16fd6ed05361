// DNS-01 by the user's hook (RFC 8555 8.4).
#pragma once

#include <autohttps/acme/challenges/challenge_solver.h>
#include <autohttps/acme/challenges/dns_hook.h>
#include <autohttps/acme/challenges/dns_propagation.h>
#include <autohttps/common/event.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// Of one certificate's attempt, whose lock is held. Each record is noted before the hook runs
// (RELIABILITY F28: a crash leaves none for ever); a CNAME at _acme-challenge is followed, so that
// a zone of its own can be used for proofs. Several values of one name are up at the same time.
class DnsHook01 final : public ChallengeSolver {
 public:
  struct Options {
    std::string certificate;
    std::string command;
    std::vector<DnsServer> resolvers;
    std::chrono::seconds timeout;  // for a record to be seen
  };
  // All borrowed outlives it.
  DnsHook01(Options options, Store& store, DnsClient& dns, DnsHookRunner& runner,
            DnsLeftovers& leftovers, Clock& clock, EventSink events);

  std::string_view type() const noexcept override { return "dns-01"; }
  std::optional<std::string> obstacle(const Identifier&) const override;
  std::unique_ptr<Presentation> present(const ChallengeContext&, std::stop_token) override;

 private:
  class Record;
  void tell(Event::Level, const std::string&) const;

  const Options options_;
  Store& store_;
  DnsHookRunner& runner_;
  DnsLeftovers& leftovers_;
  Clock& clock_;
  const EventSink events_;
  const DnsResolver resolver_;
  const DnsPropagation propagation_;
};

// What a CA compares a TXT record with (RFC 8555 8.4): base64url of the SHA-256 digest of the key
// authorization.
std::string dns01_value(std::string_view key_authorization);

// "example.com" of "*.example.com" and of itself.
std::string base_domain(const Identifier&);

}  // namespace autohttps::acme
