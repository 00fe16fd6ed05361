#include <autohttps/acme/challenges/dns_ways.h>

#include <autohttps/acme/challenges/dns_hook01.h>
#include <autohttps/acme/challenges/dns_persist01.h>

namespace autohttps::acme {

std::vector<DnsServer> resolvers_of(const CertificateSpec& spec) {
  if (spec.dns_resolver.empty()) return system_resolvers();
  return {DnsServer::parse(spec.dns_resolver)};
}

std::unique_ptr<ChallengeSolver> DnsWays::hook01(const CertificateSpec& spec) {
  if (spec.dns_hook.empty()) return nullptr;
  return std::make_unique<DnsHook01>(
      DnsHook01::Options{spec.id, spec.dns_hook, resolvers_of(spec), spec.dns_timeout}, store_,
      dns_, runner_, leftovers_, clock_, events_);
}

std::unique_ptr<ChallengeSolver> DnsWays::persist01(const CertificateSpec& spec) {
  if (spec.challenge != "dns-persist-01") return nullptr;
  return std::make_unique<DnsPersist01>(spec.id, resolvers_of(spec), dns_, clock_, events_);
}

}  // namespace autohttps::acme
