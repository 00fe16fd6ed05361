// The catalogue of what to do next, per error code: no error is told without a next step.
#pragma once

#include <autohttps/common/error.h>

#include <string>
#include <string_view>

namespace autohttps {

struct Advice {
  std::string_view meaning;    // of the code, for who meets it in a log: a sentence without a stop
  std::string_view next_step;  // when nobody who knows more said what to do
};

Advice advice_for(ErrorCode) noexcept;

// The error's own hint, else the catalogue's next step. Never empty.
std::string next_step(const Error&);

}  // namespace autohttps
