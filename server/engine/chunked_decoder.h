// A chunked body taken apart while it comes: RFC 9112 7.1, strictly. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace autohttps {

// Extensions are checked and ignored, trailers checked and dropped: a handler never sees what came
// after the body (CVE-2025-53628). Each body needs a new one.
class ChunkedDecoder {
 public:
  enum class State : std::uint8_t { more, done, bad };

  // Takes framing and data off the front of `input`; `data`: the next piece of the body, a view
  // into what was taken, maybe empty. Call until the input is empty or the state is not `more`.
  // What follows the body stays in the input.
  State decode(std::string_view& input, std::string_view& data) noexcept;

 private:
  enum class Phase : std::uint8_t {
    size_begin,
    size,
    extension_begin,
    extension_name,
    extension_value_begin,
    extension_token,
    extension_quoted,
    extension_escape,
    extension_end,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_begin,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
    bad
  };

  Phase after(char) noexcept;
  Phase after_size(char) noexcept;
  Phase after_extension(char) noexcept;
  Phase after_data(char) const noexcept;
  Phase after_trailer(char) noexcept;

  std::uint64_t left_ = 0;        // of the chunk: its size while that is read, then its data
  std::uint32_t extensions_ = 0;  // octets, of the whole body
  std::uint32_t trailers_ = 0;    // octets
  std::uint8_t digits_ = 0;
  std::uint8_t trailer_lines_ = 0;
  Phase phase_ = Phase::size_begin;
};

}  // namespace autohttps
