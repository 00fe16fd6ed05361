// Is a TXT record there for all the world? Its zone's own servers know; a CA asks any one of them.
#pragma once

#include <autohttps/acme/challenges/dns_resolver.h>
#include <autohttps/common/event.h>

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

using DnsTeller = std::function<void(Event::Level, const std::string&)>;  // empty: silence

// What is at a name now.
struct DnsSight {
  std::vector<std::string> values;  // of all servers that answered, each once; foreign bytes
  std::string from;                 // who was asked: "ns1.example.com, ns2.example.com"
  bool authoritative = false;
};

// Thread-safe.
class DnsPropagation {
 public:
  DnsPropagation(const DnsResolver& resolver, Clock& clock, DnsTeller tell)
      : resolver_(resolver), clock_(clock), tell_(std::move(tell)) {}

  // Waits until every authoritative server of the zone shows `value` among the TXT records of
  // `name` (no CNAME is followed). One of several that does not answer is told and left out. Where
  // none can be found or reached, the resolver is asked instead, which may remember for longer than
  // anybody waits that there was nothing: then the wait ends as if it were there, and says so.
  // Throws Error(validation) that says which server shows what when it is not to be seen by
  // `give_up`, Error(canceled).
  void wait_for(const std::string& name, const std::string& value, SteadyTime give_up,
                std::stop_token) const;

  // One look, for checks. Throws Error(validation) when nobody answers, Error(canceled).
  DnsSight look(const std::string& name, std::stop_token) const;

 private:
  class Round;
  void wait_at_resolver(const std::string& name, const std::string& value, SteadyTime give_up,
                        std::stop_token) const;
  void pause(std::chrono::milliseconds&, SteadyTime give_up, const std::stop_token&) const;
  void tell(Event::Level, const std::string&) const;

  const DnsResolver& resolver_;
  Clock& clock_;
  const DnsTeller tell_;
};

}  // namespace autohttps::acme
