#include <autohttps/server/engine/chunked_decoder.h>

#include <autohttps/server/engine/octets.h>

#include <algorithm>

namespace autohttps {
namespace {

// 16 digits are 64 bits; the top one stays clear, for sums and file offsets.
constexpr std::uint8_t kMostDigits = 16;
constexpr std::uint64_t kLargestChunk = 0x7fff'ffff'ffff'ffff;
// Of a whole body: chunks of one byte with long extensions are work for nothing (CVE-2023-39326).
constexpr std::uint32_t kMostExtensions = 16 * 1024;
constexpr std::uint32_t kMostTrailers = 8 * 1024;
constexpr std::uint8_t kMostTrailerLines = 32;

bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

ChunkedDecoder::State ChunkedDecoder::decode(std::string_view& input,
                                             std::string_view& data) noexcept {
  data = {};
  while (!input.empty() && phase_ != Phase::done && phase_ != Phase::bad) {
    if (phase_ == Phase::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      data = input.substr(0, size);
      input.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) phase_ = Phase::data_cr;
      return State::more;
    }
    phase_ = after(input.front());
    if (phase_ != Phase::bad) input.remove_prefix(1);
  }
  if (phase_ == Phase::bad) return State::bad;
  return phase_ == Phase::done ? State::done : State::more;
}

ChunkedDecoder::Phase ChunkedDecoder::after(char c) noexcept {
  switch (phase_) {
    case Phase::size_begin:
    case Phase::size:
    case Phase::size_lf:
      return after_size(c);
    case Phase::extension_begin:
    case Phase::extension_name:
    case Phase::extension_value_begin:
    case Phase::extension_token:
    case Phase::extension_quoted:
    case Phase::extension_escape:
    case Phase::extension_end:
      return ++extensions_ > kMostExtensions ? Phase::bad : after_extension(c);
    case Phase::data_cr:
    case Phase::data_lf:
      return after_data(c);
    case Phase::trailer_begin:
    case Phase::trailer_name:
    case Phase::trailer_value:
    case Phase::trailer_lf:
    case Phase::end_lf:
      return ++trailers_ > kMostTrailers ? Phase::bad : after_trailer(c);
    case Phase::data:
    case Phase::done:
    case Phase::bad:
      break;
  }
  return Phase::bad;
}

// chunk-size [ chunk-ext ] CRLF. No white space around the size: RFC 9112 7.1.1 bears with it
// before an extension, but no client sends it, and readers differ in what they make of it.
ChunkedDecoder::Phase ChunkedDecoder::after_size(char c) noexcept {
  if (phase_ == Phase::size_lf) {
    if (c != '\n') return Phase::bad;
    const bool last = left_ == 0;
    digits_ = 0;
    return last ? Phase::trailer_begin : Phase::data;
  }
  const int digit = hex_digit(c);
  if (digit >= 0) {
    if (++digits_ > kMostDigits || left_ > kLargestChunk >> 4) return Phase::bad;
    left_ = left_ << 4 | static_cast<unsigned>(digit);
    return Phase::size;
  }
  if (phase_ == Phase::size_begin) return Phase::bad;
  if (c == ';') return Phase::extension_begin;
  return c == '\r' ? Phase::size_lf : Phase::bad;
}

// *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
ChunkedDecoder::Phase ChunkedDecoder::after_extension(char c) noexcept {
  const bool token = is_octet(kTokenOctet, c);
  switch (phase_) {
    case Phase::extension_begin:
      if (is_space(c)) return phase_;
      return token ? Phase::extension_name : Phase::bad;
    case Phase::extension_name:
      if (token) return phase_;
      if (c == '=') return Phase::extension_value_begin;
      break;
    case Phase::extension_value_begin:
      if (is_space(c)) return phase_;
      if (c == '"') return Phase::extension_quoted;
      return token ? Phase::extension_token : Phase::bad;
    case Phase::extension_token:
      if (token) return phase_;
      break;
    case Phase::extension_quoted:
      if (c == '"') return Phase::extension_end;
      if (c == '\\') return Phase::extension_escape;
      return is_octet(kValueOctet, c) ? phase_ : Phase::bad;
    case Phase::extension_escape:
      return is_octet(kValueOctet, c) ? Phase::extension_quoted : Phase::bad;
    default:
      break;
  }
  // A name or a value is over.
  if (c == ';') return Phase::extension_begin;
  return c == '\r' ? Phase::size_lf : Phase::bad;
}

ChunkedDecoder::Phase ChunkedDecoder::after_data(char c) const noexcept {
  if (phase_ == Phase::data_cr) return c == '\r' ? Phase::data_lf : Phase::bad;
  return c == '\n' ? Phase::size_begin : Phase::bad;
}

// *( field-line CRLF ) CRLF
ChunkedDecoder::Phase ChunkedDecoder::after_trailer(char c) noexcept {
  switch (phase_) {
    case Phase::trailer_begin:
      if (c == '\r') return Phase::end_lf;
      if (!is_octet(kTokenOctet, c) || ++trailer_lines_ > kMostTrailerLines) return Phase::bad;
      return Phase::trailer_name;
    case Phase::trailer_name:
      if (c == ':') return Phase::trailer_value;
      return is_octet(kTokenOctet, c) ? phase_ : Phase::bad;
    case Phase::trailer_value:
      if (c == '\r') return Phase::trailer_lf;
      return is_octet(kValueOctet, c) ? phase_ : Phase::bad;
    case Phase::trailer_lf:
      return c == '\n' ? Phase::trailer_begin : Phase::bad;
    default:  // end_lf
      return c == '\n' ? Phase::done : Phase::bad;
  }
}

}  // namespace autohttps
