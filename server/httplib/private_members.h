// What cpp-httplib keeps for itself, opened for reading and calling (not installed). Routes and
// hooks may have been registered through a reference to the base, where nothing of ours sees them:
// a request that does not go through the library's parser has to find them all the same.
#pragma once

#include <autohttps/server/httplib/abi_check.h>

#include <type_traits>

namespace autohttps::httplib_private {

// The versions whose steps from a request to its answer have been read: those of Debian 12, Debian
// 13 and sid. Of any other nothing is guessed.
enum class Steps { unknown, of_0_11, of_0_18, of_0_41 };
inline constexpr Steps kSteps = [] {
  constexpr long minor = httplib_version(CPPHTTPLIB_VERSION) / 100;
  return minor < 12    ? Steps::of_0_11
         : minor == 18 ? Steps::of_0_18
         : minor == 41 ? Steps::of_0_41
                       : Steps::unknown;
}();
inline constexpr bool kHas018 = kSteps == Steps::of_0_18 || kSteps == Steps::of_0_41;
inline constexpr bool kHas041 = kSteps == Steps::of_0_41;

// An explicit instantiation may name private members ([temp.spec]/6).
template <typename Name, auto Member>
struct Open {
  friend constexpr auto member(Name) { return Member; }
};
#define AUTOHTTPS_OPEN(type, name)      \
  struct name {                         \
    friend constexpr auto member(name); \
  };                                    \
  template struct Open<name, &type::name>
AUTOHTTPS_OPEN(httplib::Server, parse_request_line);
AUTOHTTPS_OPEN(httplib::Server, routing);
AUTOHTTPS_OPEN(httplib::Server, write_response);
AUTOHTTPS_OPEN(httplib::Server, write_response_with_content);
AUTOHTTPS_OPEN(httplib::Server, default_headers_);
AUTOHTTPS_OPEN(httplib::Server, error_handler_);
AUTOHTTPS_OPEN(httplib::Server, exception_handler_);
AUTOHTTPS_OPEN(httplib::Server, post_routing_handler_);
AUTOHTTPS_OPEN(httplib::Server, logger_);

// In the place of a server that does not have these; its own are never read.
struct Without {
  int file_extension_and_mimetype_map_, default_file_mimetype_, header_writer_;
  int output_error_log, trusted_proxies_;
};
using Since018 = std::conditional_t<kHas018, httplib::Server, Without>;
AUTOHTTPS_OPEN(Since018, file_extension_and_mimetype_map_);
AUTOHTTPS_OPEN(Since018, default_file_mimetype_);
AUTOHTTPS_OPEN(Since018, header_writer_);
using Since041 = std::conditional_t<kHas041, httplib::Server, Without>;
AUTOHTTPS_OPEN(Since041, output_error_log);
AUTOHTTPS_OPEN(Since041, trusted_proxies_);
#undef AUTOHTTPS_OPEN

}  // namespace autohttps::httplib_private
