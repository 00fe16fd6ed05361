// cpp-httplib's classes change with its macros and its version: a program compiled otherwise than
// our library would corrupt memory silently. It refers to a symbol that only a library of its own
// kind has: "undefined reference to autohttps::httplib_flags_match<608ul, 1104l>" says it at link
// time.
#pragma once

#include <httplib.h>

#include <cstddef>
#include <string_view>

namespace autohttps {

// "0.11.4" is 1104. The macro is text: #if cannot read it.
consteval long httplib_version(std::string_view text) {
  long version = 0, part = 0;
  for (const char c : text) {
    if (c == '.') {
      version = version * 100 + part;
      part = 0;
    } else {
      part = part * 10 + (c - '0');
    }
  }
  return version * 100 + part;
}

template <std::size_t RequestSize, long Version>
void httplib_flags_match() noexcept;  // defined for one kind, in http_server.cpp

[[gnu::used]] static constexpr auto kHttplibFlagsMatch =
    &httplib_flags_match<sizeof(httplib::Request), httplib_version(CPPHTTPLIB_VERSION)>;

}  // namespace autohttps
