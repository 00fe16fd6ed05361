// Chunked bodies, cut up anyhow, against a decoder that sees the whole at once.
#include <autohttps/common/strings.h>
#include <autohttps/server/engine/chunked_decoder.h>
#include <autohttps/server/engine/header_fields.h>

#include "fuzz.h"

#include <algorithm>
#include <optional>
#include <string>

using namespace autohttps;

namespace {

using State = ChunkedDecoder::State;

struct Decoded {
  std::string data;
  std::string_view rest;
};

std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

std::string_view without_space_before(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

void take_token(std::string_view& text) {
  while (!text.empty() && is_field_name(text.substr(0, 1))) text.remove_prefix(1);
}

bool take_quoted(std::string_view& text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

// ";" name [ "=" value ], as often as there are.
bool are_extensions(std::string_view text) {
  if (!is_field_value(text)) return false;
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text = without_space_before(text.substr(1));
    std::size_t before = text.size();
    take_token(text);
    if (text.size() == before) return false;
    if (!text.starts_with('=')) continue;
    text = without_space_before(text.substr(1));
    before = text.size();
    if (text.starts_with('"')) {
      if (!take_quoted(text)) return false;
      continue;
    }
    take_token(text);
    if (text.size() == before) return false;
  }
  return true;
}

// Without the bounds: inputs are shorter than those.
std::optional<Decoded> reference(std::string_view rest) {
  Decoded decoded;
  for (;;) {
    const auto line = take_line(rest);
    if (!line) return std::nullopt;
    const std::size_t digits =
        std::min(line->find_first_not_of("0123456789abcdefABCDEF"), line->size());
    if (digits == 0 || digits > 16 || !are_extensions(line->substr(digits))) return std::nullopt;
    const std::uint64_t size = std::stoull(std::string(line->substr(0, digits)), nullptr, 16);
    if (size == 0) break;
    if (rest.size() < 2 || size > rest.size() - 2) return std::nullopt;
    decoded.data += rest.substr(0, size);
    rest.remove_prefix(size);
    if (!rest.starts_with("\r\n")) return std::nullopt;
    rest.remove_prefix(2);
  }
  for (;;) {
    const auto line = take_line(rest);
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos || !is_field_name(line->substr(0, colon)) ||
        !is_field_value(line->substr(colon + 1))) {
      return std::nullopt;
    }
  }
  decoded.rest = rest;
  return decoded;
}

State decode(ChunkedDecoder& decoder, std::string_view& input, std::string& all) {
  State state = State::more;
  while (state == State::more && !input.empty()) {
    std::string_view data;
    const std::size_t before = input.size();
    state = decoder.decode(input, data);
    require(state != State::more || input.size() < before);
    all += data;
  }
  return state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 4096;
  if (size == 0 || size > kMost) return 0;
  const std::string_view text = text_of(data + 1, size - 1);  // the first says where to cut
  if (std::count(text.begin(), text.end(), ':') > 32) return 0;
  const std::optional<Decoded> expected = reference(text);

  ChunkedDecoder at_once;
  std::string_view rest = text;
  std::string whole;
  const State state = decode(at_once, rest, whole);
  require((state == State::done) == expected.has_value());
  if (expected) require(whole == expected->data && rest == expected->rest);

  ChunkedDecoder in_two;
  std::string cut;
  std::string_view front = text.substr(0, text.size() * data[0] / 256);
  const std::string_view behind = text.substr(front.size());
  State last = decode(in_two, front, cut);
  std::size_t left = front.size() + behind.size();
  if (last == State::more) {
    std::string_view second = behind;
    last = decode(in_two, second, cut);
    left = second.size();
  }
  require(last == state && cut == whole && left == rest.size());

  ChunkedDecoder dripping;
  std::string dripped;
  last = State::more;
  for (std::size_t i = 0; i < text.size() && last == State::more; ++i) {
    std::string_view one = text.substr(i, 1);
    last = decode(dripping, one, dripped);
  }
  require(last == state && dripped == whole);
  return 0;
}
