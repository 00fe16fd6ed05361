// The same "random" bytes in every run.
#pragma once

#include <autohttps/common/random.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <random>
#include <span>

namespace autohttps {

// Thread-safe. Two of the same seed give the same bytes.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::uint64_t seed = 1) : engine_(seed) {}

  void fill(std::span<std::byte> bytes) override {
    const std::lock_guard lock(mutex_);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(engine_() >> 56);
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;  // guarded by mutex_
};

}  // namespace autohttps
