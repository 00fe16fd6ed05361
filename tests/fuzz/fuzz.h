// What every fuzz target needs.
#pragma once

#include <autohttps/common/error.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace autohttps {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The property does not hold: the fuzzer keeps the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

// Refusing is fine, as long as it is an Error whose text is safe to show; anything else passes
// through and is a finding.
template <typename Call>
void may_refuse(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const Error& error) {
    const std::string_view text = error.what();
    require(text.size() < 16 * 1024);
    for (const char c : text) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
}

}  // namespace autohttps
