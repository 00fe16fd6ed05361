#include <autohttps/acme/challenges/dns_message.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <array>

namespace autohttps::acme {
namespace {

constexpr std::size_t kMostRecords = 200;  // of one section: hundreds of values fit no UDP packet
constexpr std::size_t kMostTextBytes =
    4096;  // of one TXT record; the longest we look for is ~1 KiB
constexpr int kClassInternet = 1;

bool is_known(int type) {
  switch (type) {
    case ns_t_a:
    case ns_t_ns:
    case ns_t_cname:
    case ns_t_soa:
    case ns_t_txt:
    case ns_t_aaaa:
      return true;
    default:
      return false;
  }
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A name inside the message, compressed or not. libresolv follows pointers backwards only and
// bounded, and writes what is no letter as \DDD.
std::optional<std::string> name_at(const ns_msg& message, const unsigned char* from) {
  std::array<char, NS_MAXDNAME> text{};
  if (::ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), from, text.data(),
                           text.size()) < 0) {
    return std::nullopt;
  }
  return dns_name(text.data());
}

std::optional<std::string> address_of(int family, const unsigned char* data) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(family, data, text.data(), text.size()) == nullptr) return std::nullopt;
  return text.data();
}

// RFC 1035 3.3.14: one or more strings of up to 255 bytes, each behind its length.
std::optional<std::string> joined_strings(const unsigned char* data, std::size_t size) {
  std::string text;
  for (std::size_t at = 0; at < size;) {
    const std::size_t length = data[at++];
    if (length > size - at || text.size() + length > kMostTextBytes) return std::nullopt;
    text.append(reinterpret_cast<const char*>(data) + at, length);
    at += length;
  }
  return text;
}

std::optional<std::string> value_of(const ns_msg& message, const ns_rr& record) {
  const unsigned char* data = ns_rr_rdata(record);
  const std::size_t size = ns_rr_rdlen(record);
  switch (ns_rr_type(record)) {
    case ns_t_a:
      return size == NS_INADDRSZ ? address_of(AF_INET, data) : std::nullopt;
    case ns_t_aaaa:
      return size == NS_IN6ADDRSZ ? address_of(AF_INET6, data) : std::nullopt;
    case ns_t_txt:
      return joined_strings(data, size);
    default:
      return size > 0 ? name_at(message, data) : std::nullopt;
  }
}

// False: the section is malformed.
bool read_section(ns_msg& message, ns_sect section, std::vector<DnsRecord>& records) {
  const std::size_t count = ns_msg_count(message, section);
  if (count > kMostRecords) return false;
  for (std::size_t i = 0; i < count; ++i) {
    ns_rr record{};
    if (::ns_parserr(&message, section, static_cast<int>(i), &record) != 0) return false;
    if (ns_rr_class(record) != kClassInternet || !is_known(ns_rr_type(record))) continue;
    auto value = value_of(message, record);
    if (!value) return false;
    records.push_back({dns_name(ns_rr_name(record)), static_cast<DnsType>(ns_rr_type(record)),
                       *std::move(value)});
  }
  return true;
}

bool repeats(ns_msg& message, const DnsQuestion& question) {
  ns_rr asked{};
  return ns_msg_count(message, ns_s_qd) == 1 && ::ns_parserr(&message, ns_s_qd, 0, &asked) == 0 &&
         ns_rr_type(asked) == static_cast<int>(question.type) &&
         ns_rr_class(asked) == kClassInternet &&
         dns_name(ns_rr_name(asked)) == dns_name(question.name);
}

void add_16(std::string& packet, unsigned number) {
  packet += static_cast<char>((number >> 8U) & 0xffU);
  packet += static_cast<char>(number & 0xffU);
}

}  // namespace

std::string_view dns_type_name(DnsType type) noexcept {
  switch (type) {
    case DnsType::a:
      return "A";
    case DnsType::ns:
      return "NS";
    case DnsType::cname:
      return "CNAME";
    case DnsType::soa:
      return "SOA";
    case DnsType::txt:
      return "TXT";
    case DnsType::aaaa:
      return "AAAA";
  }
  return "?";
}

std::string dns_code_name(DnsCode code) {
  switch (code) {
    case DnsCode::ok:
      return "NOERROR";
    case DnsCode::format_error:
      return "FORMERR";
    case DnsCode::server_failure:
      return "SERVFAIL";
    case DnsCode::no_such_name:
      return "NXDOMAIN";
    case DnsCode::not_implemented:
      return "NOTIMP";
    case DnsCode::refused:
      return "REFUSED";
  }
  return "response code " + std::to_string(static_cast<unsigned>(code));
}

std::vector<std::string> DnsAnswer::values(std::string_view owner, DnsType type) const {
  std::vector<std::string> found;
  const std::string name = dns_name(owner);
  for (const DnsRecord& record : records) {
    if (record.type == type && record.owner == name) found.push_back(record.value);
  }
  return found;
}

std::string dns_query(std::uint16_t id, const DnsQuestion& question) {
  const std::string name = dns_name(question.name);
  std::array<unsigned char, NS_MAXCDNAME> wire{};
  if (name.empty() || ::ns_name_pton(name.c_str(), wire.data(), wire.size()) < 0) {
    throw Error(ErrorCode::config,
                "\"" + printable(name, 300) + "\" is not a name that DNS can be asked for");
  }
  constexpr unsigned kRecursionDesired = 0x0100;
  std::string packet;
  add_16(packet, id);
  add_16(packet, question.recursive ? kRecursionDesired : 0);
  add_16(packet, 1);  // one question
  packet.append(6, '\0');
  const unsigned char* end = wire.data();
  while (*end != 0) end += *end + 1;
  packet.append(reinterpret_cast<const char*>(wire.data()),
                static_cast<std::size_t>(end - wire.data()) + 1);
  add_16(packet, static_cast<unsigned>(question.type));
  add_16(packet, kClassInternet);
  return packet;
}

std::optional<DnsAnswer> parse_dns_answer(std::string_view packet, std::uint16_t id,
                                          const DnsQuestion& question) {
  ns_msg message{};
  if (packet.size() < NS_HFIXEDSZ || packet.size() > NS_MAXMSG ||
      ::ns_initparse(bytes(packet), static_cast<int>(packet.size()), &message) != 0) {
    return std::nullopt;
  }
  if (ns_msg_id(message) != id || ns_msg_getflag(message, ns_f_qr) == 0 ||
      ns_msg_getflag(message, ns_f_opcode) != ns_o_query || !repeats(message, question)) {
    return std::nullopt;
  }
  DnsAnswer answer;
  answer.code = static_cast<DnsCode>(ns_msg_getflag(message, ns_f_rcode));
  answer.authoritative = ns_msg_getflag(message, ns_f_aa) != 0;
  answer.truncated = ns_msg_getflag(message, ns_f_tc) != 0;
  if (answer.truncated) return answer;  // what is there of it counts for nothing
  if (!read_section(message, ns_s_an, answer.records) ||
      !read_section(message, ns_s_ns, answer.authorities)) {
    return std::nullopt;
  }
  return answer;
}

std::string dns_name(std::string_view name) {
  std::string lower = to_lower(name);
  if (lower.ends_with('.') && !lower.ends_with("\\.")) lower.pop_back();
  return lower;
}

std::string dns_parent(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string() : std::string(name.substr(dot + 1));
}

}  // namespace autohttps::acme
