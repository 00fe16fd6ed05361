#include <autohttps/server/engine/address_counts.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string_view>

namespace autohttps {

AddressKey address_key(const sockaddr& address) noexcept {
  AddressKey key;
  if (address.sa_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    key.family = 4;
    std::memcpy(key.bytes.data(), &four.sin_addr, sizeof four.sin_addr);
  } else if (address.sa_family == AF_INET6) {
    const in6_addr& six = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
      key.family = 4;
      std::copy_n(&six.s6_addr[12], 4, key.bytes.begin());
    } else {
      key.family = 6;
      std::copy_n(&six.s6_addr[0], key.bytes.size(), key.bytes.begin());
    }
  }
  return key;
}

std::size_t AddressCounts::Hash::operator()(const AddressKey& key) const noexcept {
  const std::string_view bytes(reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size());
  return std::hash<std::string_view>()(bytes) + key.family;
}

bool AddressCounts::add(const AddressKey& key, std::size_t most) {
  const std::lock_guard lock(mutex_);
  std::size_t& count = counts_[key];
  if (count >= most) return false;  // `most` is at least 1: no entry of 0 stays
  ++count;
  return true;
}

void AddressCounts::remove(const AddressKey& key) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(key);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

}  // namespace autohttps
