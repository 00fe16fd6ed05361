#include <autohttps/server/sites/media_types.h>

#include <autohttps/common/strings.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace autohttps {
namespace {

struct MediaType {
  std::string_view ending, type;
};

// https://www.iana.org/assignments/media-types; text is UTF-8 everywhere by now. Sorted.
constexpr MediaType kTypes[] = {
    {"7z", "application/x-7z-compressed"},
    {"atom", "application/atom+xml"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar; charset=utf-8"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},  // RFC 9239
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"m4a", "audio/mp4"},
    {"map", "application/json"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"rss", "application/rss+xml"},
    {"svg", "image/svg+xml"},
    {"tgz", "application/gzip"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain; charset=utf-8"},
    {"vtt", "text/vtt; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xml", "application/xml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};

constexpr bool is_sorted() {
  return std::is_sorted(std::begin(kTypes), std::end(kTypes),
                        [](const MediaType& a, const MediaType& b) { return a.ending < b.ending; });
}
static_assert(is_sorted());

// Beside text/* and what ends with +json or +xml.
constexpr std::string_view kCompressible[] = {"application/json",
                                              "application/javascript",
                                              "application/wasm",
                                              "application/xml",
                                              "application/x-ndjson",
                                              "font/otf",
                                              "font/ttf",
                                              "image/bmp",
                                              "image/vnd.microsoft.icon"};

constexpr std::size_t kLongestEnding = 32;
constexpr std::size_t kLargestTable = 4U << 20;

// What is none, or would be somebody's injection, is not taken over.
bool is_media_type(std::string_view text) noexcept {
  const auto is_octet = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+/").find(c) != std::string_view::npos;
  };
  return std::all_of(text.begin(), text.end(), is_octet) &&
         std::count(text.begin(), text.end(), '/') == 1 && text.front() != '/' &&
         text.back() != '/';
}

std::string_view next_word(std::string_view& line) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  const auto* const begin = std::find_if_not(line.begin(), line.end(), is_space);
  const auto* const end = std::find_if(begin, line.end(), is_space);
  const std::string_view word(begin, static_cast<std::size_t>(end - begin));
  line.remove_prefix(static_cast<std::size_t>(end - line.begin()));
  return word;
}

}  // namespace

MediaTypes::MediaTypes(std::string_view table) {
  while (!table.empty()) {
    std::string_view line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(line.size() + 1, table.size()));
    line = line.substr(0, line.find('#'));
    const std::string_view type = next_word(line);
    if (type.empty() || !is_media_type(type)) continue;
    std::string full(type);
    if (to_lower(type).starts_with("text/")) full += "; charset=utf-8";
    for (std::string_view ending = next_word(line); !ending.empty(); ending = next_word(line)) {
      if (ending.size() <= kLongestEnding) others_.emplace(to_lower(ending), full);
    }
  }
}

std::shared_ptr<const MediaTypes> MediaTypes::of_system(const char* table) {
  std::error_code none;
  const std::uintmax_t size = std::filesystem::file_size(table, none);  // a folder has none
  std::string text;
  if (!none && size <= kLargestTable) {
    std::ifstream file(table, std::ios::binary);
    if (file) text.assign(std::istreambuf_iterator<char>(file), {});
  }
  return std::make_shared<const MediaTypes>(text);
}

std::string_view MediaTypes::type_of(std::string_view file_name) const noexcept {
  constexpr std::string_view kUnknown = "application/octet-stream";
  const std::size_t dot = file_name.find_last_of("./");
  if (dot == std::string_view::npos || file_name[dot] != '.') return kUnknown;
  const std::string_view given = file_name.substr(dot + 1);
  if (given.empty() || given.size() > kLongestEnding) return kUnknown;
  char lower[kLongestEnding];
  std::transform(given.begin(), given.end(), std::begin(lower), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  const std::string_view ending(std::begin(lower), given.size());
  const auto* const known =
      std::lower_bound(std::begin(kTypes), std::end(kTypes), ending,
                       [](const MediaType& a, std::string_view b) { return a.ending < b; });
  if (known != std::end(kTypes) && known->ending == ending) return known->type;
  try {
    const auto other = others_.find(std::string(ending));
    return other == others_.end() ? kUnknown : std::string_view(other->second);
  } catch (...) {  // no memory for a name of 32 bytes
    return kUnknown;
  }
}

bool is_compressible(std::string_view media_type) noexcept {
  const std::string_view type = trim(media_type.substr(0, media_type.find(';')));
  const auto begins = [&](std::string_view with) {
    return equals_ignoring_case(type.substr(0, with.size()), with);
  };
  const auto ends = [&](std::string_view with) {
    return type.size() > with.size() &&
           equals_ignoring_case(type.substr(type.size() - with.size()), with);
  };
  if (begins("text/") || ends("+json") || ends("+xml")) return true;
  return std::any_of(std::begin(kCompressible), std::end(kCompressible),
                     [&](std::string_view known) { return equals_ignoring_case(known, type); });
}

}  // namespace autohttps
