// One question to one DNS server, and what came back.
#pragma once

#include <autohttps/acme/challenges/dns_message.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/random.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

struct DnsServer {
  std::string address;  // IPv4, or IPv6 with or without a zone ("fe80::1%eth0")
  std::uint16_t port = 53;
  bool operator==(const DnsServer&) const = default;

  // "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353". Throws Error(config).
  static DnsServer parse(std::string_view);
  std::string text() const;  // the same way; the port only where it is not 53
};

// The `nameserver` lines of resolv.conf(5); as libc does: this machine where there are none, at
// most three.
std::vector<DnsServer> system_resolvers(const std::filesystem::path& = "/etc/resolv.conf");

struct DnsReply {
  std::optional<DnsAnswer> answer;  // whatever its code is
  std::string why;                  // without one: "no answer within 3 s", "connection refused"
};

// Thread-safe.
struct DnsClient {
  virtual ~DnsClient() = default;
  // Waits, bounded; soon after a stop with an empty reply. Throws Error(config) for a name or an
  // address that is none, nothing for what the network does.
  virtual DnsReply ask(const DnsServer&, const DnsQuestion&, std::stop_token) = 0;
};

// UDP, again once when nothing comes back, then TCP where the answer was cut (RFC 1035 4.2). A new
// port and a random id for each question, and answers only from the server that was asked: nobody
// else's guess is taken for an answer (RFC 5452).
class SocketDnsClient final : public DnsClient {
 public:
  struct Limits {
    std::chrono::milliseconds udp{2'000};  // for one try of two
    std::chrono::milliseconds tcp{5'000};  // connecting included
  };
  SocketDnsClient(Clock& clock, Random& random) : SocketDnsClient(clock, random, Limits()) {}
  SocketDnsClient(Clock& clock, Random& random, Limits limits)
      : clock_(clock), random_(random), limits_(limits) {}
  DnsReply ask(const DnsServer&, const DnsQuestion&, std::stop_token) override;

 private:
  Clock& clock_;
  Random& random_;
  const Limits limits_;
};

}  // namespace autohttps::acme
