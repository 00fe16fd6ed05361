// How many connections an address has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

struct sockaddr;

namespace autohttps {

// IPv4 whole, also as ::ffff:a.b.c.d; IPv6 by its /64. Anything else is one address.
struct AddressKey {
  std::array<std::uint8_t, 8> bytes{};
  std::uint8_t family = 0;
  bool operator==(const AddressKey&) const = default;
};
AddressKey address_key(const sockaddr&) noexcept;

// Thread-safe. Memory for addresses that have connections now.
class AddressCounts {
 public:
  bool add(const AddressKey&, std::size_t most);  // false: it has `most`
  void remove(const AddressKey&) noexcept;

 private:
  struct Hash {
    std::size_t operator()(const AddressKey&) const noexcept;
  };
  std::mutex mutex_;  // guards counts_
  std::unordered_map<AddressKey, std::size_t, Hash> counts_;
};

}  // namespace autohttps
