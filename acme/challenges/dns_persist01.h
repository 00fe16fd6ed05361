// dns-persist-01: the record stands already, a CA is only told to look.
#pragma once

#include <autohttps/acme/challenges/challenge_solver.h>
#include <autohttps/acme/challenges/dns_persist.h>
#include <autohttps/acme/challenges/dns_propagation.h>
#include <autohttps/common/event.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// Puts nothing up: it looks whether the record is there, so that a CA is not asked in vain.
class DnsPersist01 final : public ChallengeSolver {
 public:
  DnsPersist01(std::string certificate, std::vector<DnsServer> resolvers, DnsClient& dns,
               Clock& clock, EventSink events);

  std::string_view type() const noexcept override { return "dns-persist-01"; }
  std::optional<std::string> obstacle(const Identifier&) const override;
  // Throws Error(validation) whose hint is the record to set.
  std::unique_ptr<Presentation> present(const ChallengeContext&, std::stop_token) override;

 private:
  void tell(Event::Level, const std::string& text, const std::string& hint) const;

  const std::string certificate_;
  Clock& clock_;
  const EventSink events_;
  const DnsResolver resolver_;
  const DnsPropagation propagation_;
};

// Is the record there? At its name, or where a CNAME of that leads. Throws as DnsPropagation::look.
PersistVerdict look_for_persist(const PersistDemand&, const DnsResolver&, const DnsPropagation&,
                                WallTime now, std::stop_token);

}  // namespace autohttps::acme
