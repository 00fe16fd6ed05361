#include <autohttps/acme/challenges/dns_persist01.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <utility>

namespace autohttps::acme {

DnsPersist01::DnsPersist01(std::string certificate, std::vector<DnsServer> resolvers,
                           DnsClient& dns, Clock& clock, EventSink events)
    : certificate_(std::move(certificate)),
      clock_(clock),
      events_(std::move(events)),
      resolver_(dns, std::move(resolvers)),
      propagation_(resolver_, clock_, {}) {}

std::optional<std::string> DnsPersist01::obstacle(const Identifier& name) const {
  if (name.type == Identifier::Type::ip) return "no address is validated by DNS (RFC 8738 7)";
  return std::nullopt;
}

std::unique_ptr<Presentation> DnsPersist01::present(const ChallengeContext& context,
                                                    std::stop_token stop) {
  const PersistDemand demand =
      persist_demand(context.identifier, context.issuer_domain_names, context.account_uri);
  const std::string line = persist_zone_line(demand);
  const PersistVerdict verdict =
      look_for_persist(demand, resolver_, propagation_, clock_.wall(), std::move(stop));
  if (!verdict.good) {
    throw Error(ErrorCode::validation,
                "\"" + printable(demand.name, 300) + "\" does not prove \"" +
                    context.identifier.value + "\": " + verdict.why,
                "set this record once and for all: " + line);
  }
  if (verdict.until && *verdict.until < clock_.wall() + kPersistWarning) {
    tell(Event::Level::warning,
         "the record at \"" + printable(demand.name, 300) + "\" proves nothing after " +
             format_rfc3339(*verdict.until),
         "give it a later persistUntil, or none: " + line);
  }
  return std::make_unique<Presentation>();
}

void DnsPersist01::tell(Event::Level level, const std::string& text,
                        const std::string& hint) const {
  if (events_) events_({level, certificate_, text, hint});
}

PersistVerdict look_for_persist(const PersistDemand& demand, const DnsResolver& resolver,
                                const DnsPropagation& propagation, WallTime now,
                                std::stop_token stop) {
  const std::string name = resolver.follow(demand.name, stop);
  return judge_persist(demand, propagation.look(name, stop).values, now);
}

}  // namespace autohttps::acme
