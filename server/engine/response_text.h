// The text of response heads. Pure but for the date.
#pragma once

#include <autohttps/server/engine/exchange.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace autohttps {

// RFC 9110 5.6.7, of now, to the second. The view lives until the calling thread asks again.
std::string_view http_date() noexcept;
std::string_view status_phrase(int status) noexcept;  // "Not Found"; empty: not a known one

// What a head that somebody wrote says.
struct ResponseText {
  int status = 0;
  std::size_t status_line = 0;            // bytes, with its end
  std::optional<std::uint64_t> length{};  // Content-Length
  bool has_date = false;
  bool says_close = false;
};
// False: no head of a final or interim HTTP/1.1 response, whole and clean: a bare CR or LF or a NUL
// in it would be somebody's injection.
bool inspect_response(std::string_view head, ResponseText&) noexcept;

// RFC 9110 6.4.1, 15.3.5, 15.4.5: does such an answer have a body?
bool has_body(std::string_view method, int status) noexcept;

// A whole answer for a request that is refused; the connection ends with it. Nothing of the request
// is in it.
std::string refusal(int status, std::string_view reason, bool to_head = false);

}  // namespace autohttps
