#include <autohttps/server/sites/file_path.h>

#include <algorithm>

namespace autohttps {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986 2.1, once, behind what is in `name`. False: half an escape, or a byte that no name may
// have.
bool append_decoded(std::string_view segment, std::string& name) {
  while (true) {
    const std::string_view plain = segment.substr(0, segment.find('%'));
    if (plain.find('\0') != std::string_view::npos) return false;
    name += plain;
    segment.remove_prefix(plain.size());
    if (segment.empty()) return true;
    if (segment.size() < 3) return false;
    const int high = hex_value(segment[1]);
    const int low = hex_value(segment[2]);
    if (high < 0 || low < 0) return false;
    const char byte = static_cast<char>(high * 16 + low);
    if (byte == '\0' || byte == '/') return false;
    name += byte;
    segment.remove_prefix(3);
  }
}

}  // namespace

std::string_view raw_path(std::string_view target) noexcept {
  const auto* const end =
      std::find_if(target.begin(), target.end(), [](char c) { return c == '?' || c == '#'; });
  return target.substr(0, static_cast<std::size_t>(end - target.begin()));
}

std::optional<FilePath> file_path_of(std::string_view target) {
  std::string_view raw = raw_path(target);
  if (!raw.starts_with('/')) return std::nullopt;
  FilePath found{.path = {}, .is_folder = raw.ends_with('/')};
  found.path.reserve(raw.size());
  while (!raw.empty()) {
    raw.remove_prefix(1);  // "/"
    const std::string_view segment = raw.substr(0, raw.find('/'));
    raw.remove_prefix(segment.size());
    if (segment.empty()) continue;
    const bool is_first = found.path.empty();
    if (!is_first) found.path += '/';
    const std::size_t begin = found.path.size();
    if (!append_decoded(segment, found.path)) return std::nullopt;
    const auto name = std::string_view(found.path).substr(begin);
    if (name.starts_with('.') && !(is_first && name == ".well-known")) return std::nullopt;
  }
  if (found.path.empty()) found.path = ".";
  return found;
}

bool is_malformed_path(std::string_view target) noexcept {
  const std::string_view raw = raw_path(target);
  if (!raw.starts_with('/')) return true;
  for (std::size_t at = raw.find('%'); at != std::string_view::npos; at = raw.find('%', at + 1)) {
    if (at + 2 >= raw.size()) return true;
    const int high = hex_value(raw[at + 1]);
    const int low = hex_value(raw[at + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return true;
  }
  return false;
}

}  // namespace autohttps
