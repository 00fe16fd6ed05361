// Conditional requests: RFC 9110 13. Pure.
#pragma once

#include <autohttps/server/engine/head_view.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace autohttps {

// Of the representation that would be sent.
struct Validators {
  std::string_view tag;                    // 8.8.3, strong, with its quotes
  std::optional<std::int64_t> modified{};  // 8.8.2, seconds since 1970; empty: not known
};

enum class Condition {
  go_on,         // answer as if there were no condition
  not_modified,  // 304
  failed,        // 412
};

// In the order of 13.2.2, for GET and HEAD of something that is there. A date that is none, or is
// there twice, is no condition (13.1.3, 13.1.4).
Condition evaluate_conditions(const HeadView&, const Validators&) noexcept;

// 13.1.5: does If-Range, where there is one, let a range be sent? By a strong tag that is the same,
// or by the very date.
bool lets_range_be(const HeadView&, const Validators&) noexcept;

}  // namespace autohttps
