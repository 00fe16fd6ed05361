// What is asked of resolvers about a name that is to be proven: where a CNAME delegates it to, and
// which servers have the last word on it.
#pragma once

#include <autohttps/acme/challenges/dns_client.h>

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace autohttps::acme {

struct DnsZone {
  struct Server {
    std::string name;                  // "ns1.example.com"
    std::vector<DnsServer> addresses;  // IPv4 first; empty: none are known
  };
  std::string apex;  // "example.com"
  std::vector<Server> servers;
};

// Thread-safe.
class DnsResolver {
 public:
  DnsResolver(DnsClient& client, std::vector<DnsServer> resolvers)
      : client_(client), resolvers_(std::move(resolvers)) {}

  // The first resolver's answer that is one (NOERROR or NXDOMAIN); else why there was none, of
  // each.
  DnsReply ask(const std::string& name, DnsType, std::stop_token) const;

  // The name at the end of its CNAMEs, itself where there are none (RFC 8555 8.4 lets a CA follow
  // them, and all do). Throws Error(validation) when they lead in a circle or too far, or when no
  // resolver answers.
  std::string follow(const std::string& name, std::stop_token) const;

  // The zone that the name lies in, with its authoritative servers; empty when they cannot be found
  // out.
  std::optional<DnsZone> zone_of(const std::string& name, std::stop_token) const;

  DnsClient& client() const noexcept { return client_; }
  std::string text() const;  // "192.0.2.53, 192.0.2.54"

 private:
  DnsClient& client_;
  const std::vector<DnsServer> resolvers_;
};

}  // namespace autohttps::acme
