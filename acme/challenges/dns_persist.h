// The standing TXT record of dns-persist-01 (draft-ietf-acme-dns-persist): what it must say, and
// whether one that is there says it. Pure.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/identifier.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// What a CA looks for, of one name.
struct PersistDemand {
  std::string name;                  // "_validation-persist.example.com"
  std::vector<std::string> issuers;  // any one of them; lower-case
  std::string account_uri;
  bool wildcard = false;  // the record must say policy=wildcard
};
PersistDemand persist_demand(const Identifier&, std::vector<std::string> issuers,
                             std::string account_uri);

// "ca.example; accounturi=https://ca.example/acct/1; policy=wildcard": the value to set, for the
// first of the issuers. Throws Error(protocol) when what the CA said cannot stand in one (RFC 8659
// 4.2).
std::string persist_value(const PersistDemand&);
// As a line of a zone file; strings of at most 255 bytes (RFC 1035 3.3).
std::string persist_zone_line(const PersistDemand&);

struct PersistVerdict {
  bool good = false;
  std::string why;                // not good: what there is instead, for people
  std::optional<WallTime> until;  // good: its persistUntil
};

// Of all TXT records at the demand's name; the best of them counts.
PersistVerdict judge_persist(const PersistDemand&, const std::vector<std::string>& values,
                             WallTime now);

// A record that ends within this time is to be renewed by whoever set it.
inline constexpr std::chrono::hours kPersistWarning{30 * 24};

}  // namespace autohttps::acme
