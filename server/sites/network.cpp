#include <autohttps/server/sites/network.h>

#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace autohttps {
namespace {

constexpr unsigned kAllBits = 128;
constexpr unsigned kIp4Bits = 32;
constexpr const char* kExample = "for example 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32";

[[noreturn]] void refuse(std::string_view text, const std::string& cause, std::string hint) {
  throw Error(ErrorCode::config, "\"" + printable(text, 100) + "\" " + cause, std::move(hint));
}

// The part of octet `index` that belongs to a prefix of `bits`.
std::uint8_t mask_of(unsigned bits, unsigned index) noexcept {
  constexpr unsigned kOctet = 8;
  const unsigned before = index * kOctet;
  if (bits >= before + kOctet) return 0xff;
  if (bits <= before) return 0;
  return static_cast<std::uint8_t>(0xff << (kOctet - (bits - before)));
}

}  // namespace

bool parse_ip(std::string_view text, IpBytes& bytes) noexcept {
  char copy[INET6_ADDRSTRLEN] = {};
  if (text.empty() || text.size() >= sizeof copy) return false;
  std::copy(text.begin(), text.end(), copy);
  in_addr four{};
  if (::inet_pton(AF_INET, copy, &four) == 1) {
    bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const auto* const octets = reinterpret_cast<const std::uint8_t*>(&four);
    std::copy(octets, octets + sizeof four, bytes.end() - sizeof four);
    return true;
  }
  return ::inet_pton(AF_INET6, copy, bytes.data()) == 1;
}

Network Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  IpBytes address{};
  if (!parse_ip(text.substr(0, slash), address)) {
    refuse(text, "is no address and no block of addresses", kExample);
  }
  const bool is_ip4 = text.find(':') == std::string_view::npos;
  const unsigned most = is_ip4 ? kIp4Bits : kAllBits;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits > most) {
      refuse(text, "has no number of bits up to " + std::to_string(most) + " behind the \"/\"",
             kExample);
    }
  }
  const Network network(address, bits + (kAllBits - most));
  for (unsigned i = 0; i < address.size(); ++i) {
    if ((address[i] & ~mask_of(network.bits_, i)) != 0) {
      refuse(text, "has bits set behind its first " + std::to_string(bits),
             "write the block's first address, or leave out the \"/\" for one address");
    }
  }
  return network;
}

bool Network::contains(const IpBytes& ip) const noexcept {
  for (unsigned i = 0; i < ip.size(); ++i) {
    if (((ip[i] ^ address_[i]) & mask_of(bits_, i)) != 0) return false;
  }
  return true;
}

bool is_in(std::span<const Network> networks, std::string_view ip) noexcept {
  IpBytes bytes{};
  return !networks.empty() && parse_ip(ip, bytes) &&
         std::ranges::any_of(networks, [&](const Network& each) { return each.contains(bytes); });
}

}  // namespace autohttps
