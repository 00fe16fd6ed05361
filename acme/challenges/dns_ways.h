// All that an attempt may do about DNS, put together for one certificate.
#pragma once

#include <autohttps/acme/challenges/challenge_solver.h>
#include <autohttps/acme/challenges/dns_client.h>
#include <autohttps/acme/challenges/dns_hook.h>
#include <autohttps/acme/store/certificate_spec.h>

#include <memory>
#include <vector>

namespace autohttps::acme {

// The wish's resolver, else the system's. Throws Error(config).
std::vector<DnsServer> resolvers_of(const CertificateSpec&);

// Thread-safe. Outlives the solvers it makes.
class DnsWays {
 public:
  DnsWays(Store& store, DnsClient& dns, DnsHookRunner& runner, Clock& clock, EventSink events)
      : store_(store),
        dns_(dns),
        runner_(runner),
        clock_(clock),
        events_(std::move(events)),
        leftovers_(store, runner, clock, events_) {}

  // DNS-01 by the wish's hook; null where it has none.
  std::unique_ptr<ChallengeSolver> hook01(const CertificateSpec&);
  // dns-persist-01, where the wish says so: a CA is not sent to look for what nobody has set.
  std::unique_ptr<ChallengeSolver> persist01(const CertificateSpec&);

  Leftovers& leftovers() noexcept { return leftovers_; }

 private:
  Store& store_;
  DnsClient& dns_;
  DnsHookRunner& runner_;
  Clock& clock_;
  const EventSink events_;
  DnsLeftovers leftovers_;
};

}  // namespace autohttps::acme
