// What a request for a file says beside its path: ranges, conditions, codings.
#include <autohttps/server/engine/head_view.h>
#include <autohttps/server/sites/accept_encoding.h>
#include <autohttps/server/sites/byte_ranges.h>
#include <autohttps/server/sites/conditions.h>
#include <autohttps/server/sites/file_path.h>
#include <autohttps/server/sites/media_types.h>

#include "fuzz.h"

#include <algorithm>
#include <string>

using namespace autohttps;

namespace {

void look_at_ranges(std::string_view text, std::uint64_t size) {
  const ByteRanges found = parse_byte_ranges(text, size);
  require(found.parts.empty() == (found.kind != ByteRanges::Kind::parts));
  require(found.parts.size() <= kMostRanges);
  std::uint64_t sum = 0;
  for (const ByteRange& part : found.parts) {
    require(part.length > 0 && part.first < size && part.length <= size - part.first);
    require(std::count_if(found.parts.begin(), found.parts.end(), [&](const ByteRange& other) {
              return other.first < part.first + part.length &&
                     part.first < other.first + other.length;
            }) == 1);  // itself
    sum += part.length;
  }
  require(sum <= size);
}

void look_at_codings(const HeadView& head) {
  for (const char* coding : {"br", "zstd", "gzip", "identity", "*"}) {
    const int weight = weight_of_coding(head, coding);
    require(weight >= 0 && weight <= 1000);
  }
  constexpr std::string_view kOffered[] = {"br", "gzip"};
  const std::string_view preferred = preferred_coding(head, kOffered);
  require(preferred.empty() || weight_of_coding(head, preferred) > 0);
}

}  // namespace

// Lines: each is the value of every field that is looked at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MediaTypes kTypes("application/x-test test\n");
  std::string_view text = text_of(data, size);
  HeadView head;
  constexpr std::string_view kNames[] = {"If-Match",          "If-None-Match",
                                         "If-Modified-Since", "If-Unmodified-Since",
                                         "If-Range",          "Accept-Encoding"};
  for (std::size_t line = 0; !text.empty() && line < 20; ++line) {
    const std::string_view value = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(value.size() + 1, text.size()));
    look_at_ranges(value, size % 50);
    look_at_ranges(value, ~std::uint64_t{0} >> (size % 3));
    head.fields.push_back({kNames[line % std::size(kNames)], value});
    if (file_path_of(value)) require(!is_malformed_path(value));
    require(kTypes.type_of(value).find('/') != std::string_view::npos);
    is_compressible(value);
    MediaTypes(value).type_of("x.html");
  }
  const Validators current{"\"tag\"", 784'111'777};
  const Condition condition = evaluate_conditions(head, current);
  require(!head.fields.empty() || condition == Condition::go_on);
  lets_range_be(head, current);
  look_at_codings(head);
  return 0;
}
