// DNS messages as far as a proof of control needs them (RFC 1035 4): a question as a packet, an
// answer as values. Pure: no sockets here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

enum class DnsType : std::uint16_t { a = 1, ns = 2, cname = 5, soa = 6, txt = 16, aaaa = 28 };
std::string_view dns_type_name(DnsType) noexcept;  // "TXT"

// RFC 1035 4.1.1, RFC 6895 2.3.
enum class DnsCode : std::uint8_t {
  ok = 0,
  format_error = 1,
  server_failure = 2,
  no_such_name = 3,
  not_implemented = 4,
  refused = 5
};
std::string dns_code_name(DnsCode);  // "NXDOMAIN", "response code 9"

struct DnsRecord {
  std::string owner;  // lower case, without the final dot; bytes that no host name has are "\DDD"
  DnsType type = DnsType::txt;
  // TXT: its strings joined, foreign bytes. NS, CNAME: a name, SOA: that of the primary server, as
  // the owner is written. A, AAAA: the address as text.
  std::string value;
  bool operator==(const DnsRecord&) const = default;
};

struct DnsAnswer {
  DnsCode code = DnsCode::ok;
  bool authoritative = false;
  bool truncated = false;              // ask again by TCP
  std::vector<DnsRecord> records;      // the answer section's of the types above
  std::vector<DnsRecord> authorities;  // the authority section's

  // Values of the records of this type and owner.
  std::vector<std::string> values(std::string_view owner, DnsType) const;
};

struct DnsQuestion {
  std::string name;  // "_acme-challenge.example.com"; case and a final dot mean nothing
  DnsType type = DnsType::txt;
  bool recursive = false;  // of a resolver, which asks others
};

// Throws Error(config) for a name that cannot be asked for.
std::string dns_query(std::uint16_t id, const DnsQuestion&);

// What an answer to exactly this question says; empty for a packet that is none (another id,
// another question, a query, malformed, or more records than a person ever set). Any bytes are
// harmless.
std::optional<DnsAnswer> parse_dns_answer(std::string_view packet, std::uint16_t id,
                                          const DnsQuestion&);

// As records' owners are written: lower case, no final dot.
std::string dns_name(std::string_view);
// "example.com" of "www.example.com"; empty: there is nothing above.
std::string dns_parent(std::string_view name);

}  // namespace autohttps::acme
