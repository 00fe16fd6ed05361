#include <autohttps/server/sites/folder_listing.h>

#include <autohttps/common/files.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/common/strings.h>

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

namespace autohttps {
namespace {

constexpr std::size_t kMostNames = 10'000;
constexpr std::size_t kLongestShown = 1'000;

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

void append_as_html(std::string_view text, std::string& html) {
  for (const char c : printable(text, kLongestShown)) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
}

// RFC 3986 2.3: what needs no escape in a segment, and is nothing special in HTML either.
bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void append_as_segment(std::string_view name, std::string& url) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  for (const char c : name) {
    if (is_unreserved(c)) {
      url += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    url += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
}

struct Names {
  std::vector<std::string> names;
  bool are_all = true;
};

Names names_in(int folder) {
  OwnedFd own(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) throw_system_error("openat");
  const std::unique_ptr<DIR, CloseFolder> entries(::fdopendir(own.get()));
  if (!entries) throw_system_error("fdopendir");
  static_cast<void>(own.release());  // the stream's now
  Names found;
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    std::string name(entry->d_name);
    if (name.starts_with('.')) continue;
    if (found.names.size() == kMostNames) {
      found.are_all = false;
      break;
    }
    if (entry->d_type == DT_DIR) name += '/';
    found.names.push_back(std::move(name));
  }
  if (found.are_all && errno != 0) throw_system_error("readdir");
  std::sort(found.names.begin(), found.names.end());
  return found;
}

}  // namespace

std::string folder_listing(int folder, std::string_view path) {
  const Names found = names_in(folder);
  std::string title = "/";
  if (path != ".") append_as_html(std::string(path) + "/", title);
  std::string page = "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>" + title +
                     "</title>\n<h1>" + title + "</h1>\n<ul>\n";
  if (path != ".") page += "<li><a href=\"../\">../</a>\n";
  for (const std::string_view name : found.names) {
    const bool is_folder = name.ends_with('/');
    page += "<li><a href=\"./";
    append_as_segment(name.substr(0, name.size() - (is_folder ? 1 : 0)), page);
    page += is_folder ? "/\">" : "\">";
    append_as_html(name, page);
    page += "</a>\n";
  }
  page += "</ul>\n";
  if (!found.are_all) page += "<p>There are more than can be shown here.\n";
  return page;
}

}  // namespace autohttps
