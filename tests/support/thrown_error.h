// What a call throws, to look at.
#pragma once

#include <autohttps/common/error.h>

#include <optional>
#include <utility>

namespace autohttps {

// Empty when it throws nothing. Anything but an Error fails the test by passing through.
template <typename Call>
std::optional<Error> thrown_error(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace autohttps
