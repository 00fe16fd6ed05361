#include <autohttps/common/descriptor_limit.h>
#include <autohttps/server/engine/request_body.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <vector>

namespace autohttps {
namespace {

constexpr std::size_t kKept = 4'096;  // capacity that stays for the next request

OwnedFd unnamed_file(const std::filesystem::path& wanted) {
  std::error_code error;
  const std::filesystem::path folder =
      wanted.empty() ? std::filesystem::temp_directory_path(error) : wanted;
  OwnedFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600));
  if (file || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  // A file system without such files: one is made and its name taken away at once.
  std::string name = (folder / "autohttps-body-XXXXXX").string();
  OwnedFd named(::mkostemp(name.data(), O_CLOEXEC));
  if (named) ::unlink(name.c_str());
  return named;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

bool RequestBody::append(std::string_view piece, std::size_t in_memory,
                         const std::filesystem::path& folder) noexcept {
  try {
    const std::size_t fits =
        file_ ? 0 : std::min(piece.size(), in_memory - std::min(in_memory, memory_.size()));
    memory_.append(piece.substr(0, fits));
    size_ += piece.size();
    return fits == piece.size() || append_to_file(piece.substr(fits), folder);
  } catch (const std::exception&) {
    return false;
  }
}

bool RequestBody::append_to_file(std::string_view bytes, const std::filesystem::path& folder) {
  if (!file_) file_ = unnamed_file(folder);
  if (is_of_the_last_descriptors(file_.get())) file_.reset();
  return file_ && write_all(file_.get(), bytes);
}

std::size_t RequestBody::read(std::span<char> out) noexcept {
  if (out.empty() || position_ >= size_) return 0;
  if (position_ < memory_.size()) {
    const std::size_t count = std::min<std::size_t>(out.size(), memory_.size() - position_);
    std::copy_n(memory_.data() + position_, count, out.data());
    position_ += count;
    return count;
  }
  ssize_t count = 0;
  do {
    count = ::pread(file_.get(), out.data(), out.size(),
                    static_cast<off_t>(position_ - memory_.size()));
  } while (count < 0 && errno == EINTR);
  if (count <= 0) {
    failed_ = true;
    return 0;
  }
  position_ += static_cast<std::uint64_t>(count);
  return static_cast<std::size_t>(count);
}

void RequestBody::clear() noexcept {
  if (memory_.capacity() > kKept) {
    std::string().swap(memory_);
  } else {
    memory_.clear();
  }
  file_.reset();
  size_ = position_ = 0;
  failed_ = false;
}

}  // namespace autohttps
