#include <autohttps/acme/challenges/dns_persist.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace autohttps::acme {
namespace {

constexpr std::string_view kLabel = "_validation-persist.";
constexpr std::size_t kLongestString = 255;  // of one character-string (RFC 1035 3.3)
constexpr std::size_t kMostTold = 3;         // records, in why a verdict is what it is

// RFC 8659 4.2: value = *(%x21-3A / %x3C-7E).
bool can_be_a_value(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return c >= 0x21 && c <= 0x7e && c != ';'; });
}

struct Record {
  std::string issuer;
  std::map<std::string, std::string> parameters;  // by lower-case tag
  std::string trouble;                            // why a CA passes it over
};

Record parse(std::string_view text) {
  Record record;
  const std::vector<std::string_view> parts = split(text, ';');
  record.issuer = std::string(trim(parts.front()));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view parameter = trim(parts[i]);
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) {
      record.trouble = "\"" + printable(parameter, 60) + "\" in it is not TAG=VALUE";
      return record;
    }
    const std::string tag = to_lower(trim(parameter.substr(0, equals)));
    const std::string_view value = trim(parameter.substr(equals + 1));
    if (!can_be_a_value(value) || !record.parameters.emplace(tag, value).second) {
      record.trouble = "its \"" + printable(tag, 60) + "\" is malformed or there twice";
      return record;
    }
  }
  return record;
}

// Empty: malformed, or beyond what a clock can say.
std::optional<WallTime> unix_time(std::string_view digits) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  constexpr std::int64_t kLast = 253'402'300'799;  // the year 9999
  if (error != std::errc() || end != digits.data() + digits.size() || seconds < 0 ||
      seconds > kLast) {
    return std::nullopt;
  }
  if (seconds > std::chrono::duration_cast<std::chrono::seconds>(WallTime::max().time_since_epoch())
                    .count()) {
    return WallTime::max();
  }
  return WallTime(std::chrono::seconds(seconds));
}

PersistVerdict judge_one(const PersistDemand& demand, const Record& record, WallTime now) {
  if (!record.trouble.empty()) return {false, record.trouble, {}};
  const auto parameter = [&](const char* tag) {
    const auto found = record.parameters.find(tag);
    return found == record.parameters.end() ? std::string() : found->second;
  };
  const std::string account = parameter("accounturi");
  if (account != demand.account_uri) {
    return {false,
            account.empty() ? "it names no account"
                            : "it is of the account \"" + printable(account, 200) + "\"",
            {}};
  }
  if (demand.wildcard && to_lower(parameter("policy")) != "wildcard") {
    return {false, "it lacks policy=wildcard", {}};
  }
  const std::string until_text = parameter("persistuntil");
  if (until_text.empty()) return {true, {}, {}};
  const auto until = unix_time(until_text);
  if (!until) return {false, "its persistUntil is not a number of seconds", {}};
  if (*until < now)
    return {false, "its persistUntil, " + format_rfc3339(*until) + ", has passed", {}};
  return {true, {}, until};
}

std::string issuers_text(const PersistDemand& demand) {
  std::string text;
  for (const std::string& issuer : demand.issuers) {
    text += (text.empty() ? "" : " or ") + printable(issuer, 253);
  }
  return text;
}

}  // namespace

PersistDemand persist_demand(const Identifier& name, std::vector<std::string> issuers,
                             std::string account_uri) {
  const std::string base = name.is_wildcard() ? name.value.substr(2) : name.value;
  return {std::string(kLabel) + base, std::move(issuers), std::move(account_uri),
          name.is_wildcard()};
}

std::string persist_value(const PersistDemand& demand) {
  if (demand.issuers.empty() || !can_be_a_value(demand.issuers.front()) ||
      demand.issuers.front().find_first_of("\"\\") != std::string::npos) {
    throw Error(ErrorCode::protocol, "the CA names no issuer that a dns-persist-01 record of \"" +
                                         printable(demand.name, 300) + "\" could say");
  }
  // Quotes and backslashes are in no URI (RFC 3986), and would need care in a zone file.
  if (!can_be_a_value(demand.account_uri) ||
      demand.account_uri.find_first_of("\"\\") != std::string::npos) {
    throw Error(ErrorCode::protocol, "the account \"" + printable(demand.account_uri, 200) +
                                         "\" cannot stand in a dns-persist-01 record");
  }
  return demand.issuers.front() + "; accounturi=" + demand.account_uri +
         (demand.wildcard ? "; policy=wildcard" : "");
}

std::string persist_zone_line(const PersistDemand& demand) {
  std::string line = demand.name + ". IN TXT";
  const std::string value = persist_value(demand);
  for (std::size_t at = 0; at < value.size(); at += kLongestString) {
    line += " \"" + value.substr(at, kLongestString) + "\"";
  }
  return line;
}

PersistVerdict judge_persist(const PersistDemand& demand, const std::vector<std::string>& values,
                             WallTime now) {
  PersistVerdict best{false, {}, {}};
  std::size_t told = 0;
  for (const std::string& value : values) {
    const Record record = parse(value);
    if (std::ranges::find(demand.issuers, record.issuer) == demand.issuers.end()) continue;
    const PersistVerdict verdict = judge_one(demand, record, now);
    if (verdict.good) {
      // One without an end is better than one with.
      if (!best.good || !verdict.until || (best.until && *best.until < *verdict.until)) {
        best = verdict;
      }
    } else if (!best.good && told++ < kMostTold) {
      best.why += (best.why.empty() ? "" : "; ") + std::string("a record of ") +
                  printable(record.issuer, 253) + " is there, but " + verdict.why;
    }
  }
  if (best.good) best.why.clear();
  if (best.good || !best.why.empty()) return best;
  best.why = values.empty() ? "no TXT record is there"
                            : "none of the " + std::to_string(values.size()) +
                                  " TXT records there is of " + issuers_text(demand);
  return best;
}

}  // namespace autohttps::acme
