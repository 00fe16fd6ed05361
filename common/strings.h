// Small text helpers that the standard library lacks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

std::string to_lower(std::string_view);            // ASCII
std::string_view trim(std::string_view) noexcept;  // spaces and tabs
bool equals_ignoring_case(std::string_view, std::string_view) noexcept;
std::vector<std::string_view> split(std::string_view, char separator);

// Foreign text made safe for a terminal and a log line: control bytes, invalid UTF-8, and the
// Unicode controls that reorder text become \xNN; cut after `most` bytes with "..." (RELIABILITY
// F17, F22).
std::string printable(std::string_view, std::size_t most = 1000);

}  // namespace autohttps
