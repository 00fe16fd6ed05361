#include <autohttps/server/sites/file_answer.h>

#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>
#include <autohttps/server/sites/file_path.h>
#include <autohttps/server/sites/media_types.h>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>

namespace autohttps {
namespace {

constexpr int kMostTries = 10;
constexpr const char* kIndex = "index.html";

OwnedFd open_beneath(int folder, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;  // a pipe is no endless wait
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
    if (fd >= 0) return OwnedFd(static_cast<int>(fd));
    // EAGAIN: a rename elsewhere ran into the look-up.
    if ((errno != EINTR && errno != EAGAIN) || tries == kMostTries) return OwnedFd();
  }
}

// What is not there, leads out, or is no name at all is not there; what may not be read says so.
int status_of_errno(int error_number) {
  switch (error_number) {
    case EACCES:
    case EPERM:
      return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return 503;
    case EIO:
    case ENOSYS:
      return 500;
    default:
      return 404;
  }
}

FileAnswer plain(int status, HeaderFields fields = {}) {
  FileAnswer answer;
  answer.status = status;
  answer.fields = std::move(fields);
  return answer;
}

std::string hex(std::uint64_t number) {
  char digits[16];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number, 16).ptr;
  return std::string(std::begin(digits), end);
}

struct Version {
  std::string tag;  // RFC 9110 8.8.3, strong: nanoseconds and size
  WallTime modified;
};

Version version_of(const struct stat& status) {
  constexpr std::uint64_t kNanoseconds = 1'000'000'000;
  const auto seconds = static_cast<std::uint64_t>(status.st_mtim.tv_sec);
  const auto rest = static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
  return {"\"" + hex(seconds * kNanoseconds + rest) + "-" +
              hex(static_cast<std::uint64_t>(status.st_size)) + "\"",
          from_unix_seconds(status.st_mtim.tv_sec)};
}

// RFC 9110 13.1.2: weak comparison.
bool is_among(std::string_view list, std::string_view tag) {
  if (trim(list) == "*") return true;
  for (std::string_view member : split(list, ',')) {
    member = trim(member);
    if (member.starts_with("W/")) member.remove_prefix(2);
    if (member == tag) return true;
  }
  return false;
}

bool has_same_version(const HeaderFields& fields, const Version& version) {
  if (count_fields(fields, "If-None-Match") > 0) {
    return is_among(first_field(fields, "If-None-Match"), version.tag);
  }
  const auto since = parse_http_date(first_field(fields, "If-Modified-Since"));
  return since && version.modified <= *since;
}

struct Part {
  std::uint64_t offset = 0, length = 0;
  bool satisfiable = true;
};

bool parse_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// RFC 9110 14.1.2: a-b, a- and -n. Empty: no range that we know, e.g. several: the whole is sent.
std::optional<Part> part_of(std::string_view range, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!to_lower(range).starts_with(kUnit)) return std::nullopt;
  const std::string_view spec = trim(range.substr(kUnit.size()));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view left = spec.substr(0, dash), right = spec.substr(dash + 1);
  std::uint64_t first = 0, last = 0;
  if (left.empty()) {
    if (!parse_number(right, last)) return std::nullopt;
    const std::uint64_t length = std::min(last, size);
    return Part{size - length, length, length > 0};
  }
  if (!parse_number(left, first)) return std::nullopt;
  if (right.empty()) {
    last = size;
  } else if (!parse_number(right, last) || last < first) {
    return std::nullopt;
  } else {
    last = std::min(last, size - 1) + 1;
  }
  if (first >= size) return Part{0, 0, false};
  return Part{first, last - first, true};
}

// RFC 9110 13.1.5: a range of another version than the client has is worth nothing.
bool may_have_part(const RequestHead& request, const Version& version) {
  if (request.method != "GET" || count_fields(request.fields, "Range") != 1) return false;
  if (count_fields(request.fields, "If-Range") == 0) return true;
  const std::string_view condition = first_field(request.fields, "If-Range");
  return condition == version.tag || condition == format_http_date(version.modified);
}

FileAnswer content(const RequestHead& request, const std::string& name, OwnedFd file,
                   const struct stat& status) {
  const Version version = version_of(status);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  FileAnswer answer = plain(200, {{"ETag", version.tag},
                                  {"Last-Modified", format_http_date(version.modified)},
                                  {"Accept-Ranges", "bytes"}});
  if (has_same_version(request.fields, version)) {
    answer.status = 304;
    return answer;
  }
  static const MediaTypes kTypes;  // gone with this file
  answer.fields.emplace_back("Content-Type", kTypes.type_of(name));
  answer.length = size;
  answer.file = std::move(file);
  if (!may_have_part(request, version)) return answer;
  const auto part = part_of(first_field(request.fields, "Range"), size);
  if (!part) return answer;
  const std::string whole = "/" + std::to_string(size);
  if (!part->satisfiable) return plain(416, {{"Content-Range", "bytes *" + whole}});
  answer.status = 206;
  answer.offset = part->offset;
  answer.length = part->length;
  answer.fields.emplace_back("Content-Range", "bytes " + std::to_string(part->offset) + "-" +
                                                  std::to_string(part->offset + part->length - 1) +
                                                  whole);
  return answer;
}

// "/docs" -> "/docs/", so that the page's own relative links hold. One "/" in front, whatever was
// asked for: "//other.example" would lead elsewhere.
FileAnswer to_folder(std::string_view target) {
  const std::size_t query = std::min(target.find('?'), target.size());
  std::string path(target.substr(0, query));
  path.erase(0, path.find_first_not_of('/') - 1);
  return plain(301, {{"Location", path + "/" + std::string(target.substr(query))}});
}

}  // namespace

FileAnswer FileAnswers::answer(const RequestHead& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    return plain(405, {{"Allow", "GET, HEAD"}});
  }
  const auto wanted = file_path_of(request.target);
  if (!wanted) return plain(404);
  const OwnedFd folder(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return plain(status_of_errno(errno));
  std::string path = wanted->path;
  OwnedFd file = open_beneath(folder.get(), path);
  struct stat status {};
  if (file && ::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    if (!wanted->is_folder) return to_folder(request.target);
    path += std::string("/") + kIndex;
    file = open_beneath(folder.get(), path);
  } else if (wanted->is_folder) {
    return plain(file ? 404 : status_of_errno(errno));  // "/page.html/"
  }
  if (!file || ::fstat(file.get(), &status) != 0) return plain(status_of_errno(errno));
  if (!S_ISREG(status.st_mode)) return plain(404);  // pipes, sockets, devices
  return content(request, path, std::move(file), status);
}

}  // namespace autohttps
