#include <autohttps/server/sites/file_path.h>

#include <autohttps/common/strings.h>

namespace autohttps {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986 2.1, once. Empty: half an escape, or a byte that no name may have.
std::optional<std::string> decoded(std::string_view segment) {
  std::string name;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    char byte = segment[i];
    if (byte == '%') {
      if (i + 2 >= segment.size()) return std::nullopt;
      const int high = hex_value(segment[i + 1]);
      const int low = hex_value(segment[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      byte = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (byte == '\0' || byte == '/') return std::nullopt;
    name += byte;
  }
  return name;
}

}  // namespace

std::optional<FilePath> file_path_of(std::string_view target) {
  const std::string_view raw = target.substr(0, target.find_first_of("?#"));
  if (!raw.starts_with('/')) return std::nullopt;
  FilePath found{.path = {}, .is_folder = raw.ends_with('/')};
  for (const std::string_view segment : split(raw, '/')) {
    if (segment.empty()) continue;
    const auto name = decoded(segment);
    if (!name) return std::nullopt;
    const bool is_first = found.path.empty();
    if (name->starts_with('.') && !(is_first && *name == ".well-known")) return std::nullopt;
    if (!is_first) found.path += '/';
    found.path += *name;
  }
  if (found.path.empty()) found.path = ".";
  return found;
}

}  // namespace autohttps
