#include <autohttps/acme/protocol/nonce_pool.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

constexpr std::size_t kMostNonceBytes = 512;  // today's CAs send 22 to 60

constexpr bool is_base64url(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

bool is_nonce(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMostNonceBytes &&
         std::all_of(text.begin(), text.end(), is_base64url);
}

void NoncePool::put(std::string_view nonce) {
  if (!is_nonce(nonce)) return;
  const std::lock_guard lock(mutex_);
  if (nonces_.size() == kMost) nonces_.erase(nonces_.begin());
  nonces_.emplace_back(nonce);
}

std::optional<std::string> NoncePool::take() {
  const std::lock_guard lock(mutex_);
  if (nonces_.empty()) return std::nullopt;
  std::string nonce = std::move(nonces_.back());
  nonces_.pop_back();
  return nonce;
}

}  // namespace autohttps::acme
