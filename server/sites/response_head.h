// The head of an upstream's answer, found and checked while it comes: RFC 9112 4 to 6, strictly.
// Pure.
#pragma once

#include <autohttps/server/engine/head_view.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace autohttps {

// Views, valid as long as the scanned bytes. To be used again: the vector keeps what it has
// allocated.
struct ResponseView {
  int status = 0;
  std::vector<FieldView> fields;  // values without the white space around them
  std::optional<std::uint64_t> length;
  bool chunked = false;
  bool keeps_open = false;         // the connection may carry another request
  std::string_view upgrade;        // the protocol, of a 101
  std::uint32_t idle_seconds = 0;  // Keep-Alive: timeout=N, as some servers say; 0: not told
};

// One per answer, interim ones included. Remembers how far it has looked.
class ResponseScanner {
 public:
  static constexpr std::size_t kMostBytes = 64 << 10;  // libcurl's users live with less
  static constexpr std::size_t kMostFields = 200;

  struct Result {
    enum class Kind : std::uint8_t { incomplete, complete, refused } kind = Kind::incomplete;
    std::size_t consumed = 0;  // when complete: the head's bytes
    const char* reason = "";   // when refused: for people, a constant
  };
  // `buffered` begins where the head does, and in the next call with the same bytes and more.
  Result scan(std::string_view buffered, ResponseView&);

 private:
  std::size_t looked_ = 0;
};

// Does the body end with the connection (RFC 9112 6.3, rule 8)?
bool ends_with_connection(const ResponseView&) noexcept;

// The members of comma-separated lists such as Connection's, one after another; empty: no more.
std::string_view next_member(std::string_view& list) noexcept;

}  // namespace autohttps
