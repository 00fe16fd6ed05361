// Randomness, as an interface, so that jitter and names are the same in every run of a test.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace autohttps {

// Thread-safe. Keys and nonces of cryptography do not come from here but from OpenSSL.
struct Random {
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte>) = 0;

  double uniform();                           // in [0, 1)
  std::string token(std::size_t bytes = 16);  // base64url of that many random bytes
};

// getrandom(2). Throws Error(internal) if the kernel has none.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte>) override;
};

}  // namespace autohttps
