// A request's head as views into the bytes it came in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace autohttps {

struct HeadLimits {
  std::size_t bytes = 16 * 1024;  // the whole head, with its empty line
  std::size_t lines = 100;        // fields
  std::size_t target = 8 * 1024;  // RFC 9112 3: at least 8000 octets should do

  // Takes what is wrong but can be read in one way only, and what cpp-httplib itself lets through:
  // no Host, or one that names no host (a client's path of a UNIX socket): HeadView::host is empty
  // then; a fragment in the target; in a value control bytes other than CR, LF and NUL; beside
  // "chunked" a length of 0, after which the connection ends (RFC 9112 6.3).
  bool lenient = false;
};

struct FieldView {
  std::string_view name, value;  // the value without the white space around it
};

// Valid as long as the scanned bytes. To be used again for the next request: the vector keeps what
// it has allocated.
struct HeadView {
  std::string_view text;  // request line to empty line, without empty lines before it
  std::string_view method, target, version;
  std::vector<FieldView> fields;

  // RFC 9112 3.3. Of an absolute-form target what names the host, and what follows it ("", "/a?b",
  // "?b"); of another target nothing, and all of it.
  std::string_view authority, resource;
  std::string_view
      host;  // the authority, else Host's value; without Host (HTTP/1.0, lenient) empty

  std::optional<std::uint64_t> length;  // Content-Length
  bool chunked = false;
  bool expects_continue = false;  // HTTP/1.1 and a body to come
  bool wants_close = false;       // no further request on this connection
  bool wants_upgrade = false;     // "Connection: upgrade" and an Upgrade field, HTTP/1.1

  bool http11() const noexcept { return version.ends_with('1'); }
  bool has_body() const noexcept { return chunked || length.value_or(0) > 0; }
  void clear() noexcept;
};

struct HeadResult {
  enum class Kind { incomplete, complete, refused };
  Kind kind = Kind::incomplete;
  std::size_t consumed = 0;  // when complete: how much of the scanned bytes the head took
  int status = 0;            // when refused: the answer, after which the connection ends
  const char* reason = "";   // for people, a constant
};

}  // namespace autohttps
