// Anti-replay nonces that the CA gave us and nobody has used (RFC 8555 6.5)
// (not installed).
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

// RFC 8555 6.5.1: one or more base64url characters; anything else MUST be ignored. At most 512
// bytes, for a header's sake.
bool is_nonce(std::string_view) noexcept;

// Thread-safe.
class NoncePool {
 public:
  static constexpr std::size_t kMost = 32;  // as many as requests under way; CAs forget old ones

  void put(std::string_view nonce);   // ignored unless is_nonce(); the oldest makes room
  std::optional<std::string> take();  // the newest: the CA is least likely to have forgotten it

 private:
  std::mutex mutex_;
  std::vector<std::string> nonces_;  // guarded by mutex_; newest last
};

}  // namespace autohttps::acme
