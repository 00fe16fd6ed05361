#include <autohttps/acme/challenges/dns_resolver.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

constexpr int kMostAliases = 8;            // resolvers follow about as many
constexpr std::size_t kMostServers = 13;   // the root has that many
constexpr std::size_t kMostAddresses = 4;  // of one kind, of one server
constexpr const char* kResolverHint =
    "--dns-resolver ADDRESS names another one than those of /etc/resolv.conf";

bool says_something(const DnsReply& reply) {
  return reply.answer &&
         (reply.answer->code == DnsCode::ok || reply.answer->code == DnsCode::no_such_name);
}

}  // namespace

DnsReply DnsResolver::ask(const std::string& name, DnsType type, std::stop_token stop) const {
  DnsReply reply;
  std::string why;
  for (const DnsServer& resolver : resolvers_) {
    reply = client_.ask(resolver, {name, type, true}, stop);
    if (says_something(reply)) return reply;
    why += (why.empty() ? "" : "; ") + resolver.text() + ": " +
           (reply.answer ? dns_code_name(reply.answer->code) : reply.why);
  }
  return {std::nullopt, why};
}

std::string DnsResolver::follow(const std::string& name, std::stop_token stop) const {
  std::string at = dns_name(name);
  std::vector<std::string> seen = {at};
  for (;;) {
    const DnsReply reply = ask(at, DnsType::cname, stop);
    if (stop.stop_requested()) throw Error(ErrorCode::canceled, "stopped while asking DNS");
    if (!reply.answer) {
      throw Error(ErrorCode::validation,
                  "asking DNS for \"" + printable(at, 300) + "\": " + reply.why, kResolverHint);
    }
    const std::vector<std::string> targets = reply.answer->values(at, DnsType::cname);
    if (targets.empty()) return at;
    at = targets.front();
    if (std::ranges::find(seen, at) != seen.end() || seen.size() > kMostAliases) {
      throw Error(ErrorCode::validation,
                  "the CNAME records of \"" + printable(name, 300) + "\" " +
                      (seen.size() > kMostAliases ? "lead on and on" : "lead in a circle") +
                      ", last to \"" + printable(at, 300) + "\"",
                  "mend the delegation in DNS");
    }
    seen.push_back(at);
  }
}

std::optional<DnsZone> DnsResolver::zone_of(const std::string& name, std::stop_token stop) const {
  for (std::string apex = dns_name(name); !apex.empty(); apex = dns_parent(apex)) {
    const DnsReply reply = ask(apex, DnsType::ns, stop);
    if (!reply.answer) return std::nullopt;  // going on would find the zone above, which is not it
    std::vector<std::string> names = reply.answer->values(apex, DnsType::ns);
    if (names.empty()) continue;
    std::ranges::sort(names);
    names.resize(std::min(names.size(), kMostServers));
    DnsZone zone{apex, {}};
    bool any = false;
    for (const std::string& server : names) {
      DnsZone::Server& entry = zone.servers.emplace_back(DnsZone::Server{server, {}});
      for (const DnsType type : {DnsType::a, DnsType::aaaa}) {
        const DnsReply addresses = ask(server, type, stop);
        if (!addresses.answer) continue;
        std::size_t count = 0;
        for (const DnsRecord& record : addresses.answer->records) {
          if (record.type != type || count++ >= kMostAddresses) continue;
          entry.addresses.push_back({record.value, 53});
          any = true;
        }
      }
    }
    if (!any) return std::nullopt;
    return zone;
  }
  return std::nullopt;
}

std::string DnsResolver::text() const {
  std::string text;
  for (const DnsServer& resolver : resolvers_) {
    text += (text.empty() ? "" : ", ") + resolver.text();
  }
  return text;
}

}  // namespace autohttps::acme
