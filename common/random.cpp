#include <autohttps/common/random.h>

#include <autohttps/common/base64url.h>
#include <autohttps/common/error.h>

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace autohttps {

double Random::uniform() {
  std::array<std::byte, sizeof(std::uint64_t)> bytes{};
  fill(bytes);
  std::uint64_t bits = 0;
  std::memcpy(&bits, bytes.data(), bytes.size());
  return static_cast<double>(bits >> 11) *
         0x1p-53;  // 53 bits: what a double holds exactly, so 1 cannot come out
}

std::string Random::token(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill(std::as_writable_bytes(std::span(raw)));
  return base64url_encode(raw);
}

void SystemRandom::fill(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(ErrorCode::internal, "asking the kernel for random bytes", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace autohttps
