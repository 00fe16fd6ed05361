// Packets from whoever can reach our port, or runs the name server of a zone.
#include <autohttps/acme/challenges/dns_message.h>

#include "fuzz.h"

#include <string>

using namespace autohttps;
using namespace autohttps::acme;

namespace {

constexpr std::uint16_t kId = 0x1234;

void read(std::string_view packet, DnsType type) {
  const auto answer = parse_dns_answer(packet, kId, {"a.test", type, true});
  if (!answer) return;
  for (const DnsRecord& record : answer->records) {
    require(record.owner.size() <= 1025 && record.value.size() <= 4096);
    if (record.type != DnsType::ns && record.type != DnsType::cname) continue;
    // What a server named may be asked about next: a name, or refused as none.
    may_refuse([&] { dns_query(kId, {record.value, DnsType::a, true}); });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  for (const DnsType type : {DnsType::txt, DnsType::ns, DnsType::a}) read(text, type);
  // The same bytes behind a head and a question that are right.
  std::string packet = dns_query(kId, {"a.test", DnsType::txt, true});
  packet[2] = static_cast<char>(0x81);
  packet[7] = size > 0 ? static_cast<char>(data[0] & 7) : '\0';
  packet[9] = size > 0 ? static_cast<char>((data[0] >> 3) & 7) : '\0';
  packet += text.substr(size > 0 ? 1 : 0);
  read(packet, DnsType::txt);
  return 0;
}
