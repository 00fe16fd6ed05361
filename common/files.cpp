#include <autohttps/common/files.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

namespace autohttps {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY;
// A tree deeper than this is not one of ours; recursion stops.
constexpr int kDeepest = 16;
constexpr int kMostTries = 100;

// -1 and errno on failure. glibc has no wrapper yet.
int open_beneath(int folder, const std::string& path, int flags, mode_t mode) noexcept {
  open_how how{};
  // O_NONBLOCK: a pipe planted in a file's place is an error, not an endless wait.
  how.flags = static_cast<__u64>(flags | O_CLOEXEC | O_NONBLOCK);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    // EAGAIN: a rename elsewhere ran into the look-up, openat2(2).
    if ((errno != EINTR && errno != EAGAIN) || tries == kMostTries) return -1;
  }
}

OwnedFd require(int fd) {
  if (fd < 0) throw_system_error("openat2");
  return OwnedFd(fd);
}

struct stat status_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw_system_error("fstat");
  return status;
}

void remove_entry(int folder, const std::string& name, int depth) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR || depth == 0) throw_system_error("unlink");
  const int fd = open_beneath(folder, name, kFolderFlags, 0);
  if (fd < 0 && errno == ENOENT) return;  // another process removes the same
  const OwnedFd inner = require(fd);
  for (const std::string& entry : entries(inner.get())) remove_entry(inner.get(), entry, depth - 1);
  if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    throw_system_error("rmdir");
  }
}

void sync_tree(int folder, int depth) {
  if (depth == 0) throw std::system_error(ELOOP, std::generic_category(), "fsync");
  std::vector<OwnedFd> files;
  for (const std::string& name : entries(folder)) {
    OwnedFd entry = require(open_beneath(folder, name, O_RDONLY, 0));
    if (S_ISDIR(status_of(entry.get()).st_mode)) {
      sync_tree(entry.get(), depth - 1);
    } else {
      // Writing all out first lets the first fsync commit them together: half the time on ext4.
      ::sync_file_range(entry.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
      files.push_back(std::move(entry));
    }
  }
  for (const OwnedFd& file : files) sync(file.get());
  sync(folder);
}

}  // namespace

std::optional<OwnedFd> Folder::open(const std::string& path, int flags) const {
  const int found = open_beneath(fd(), path, flags, 0);
  if (found < 0 && errno == ENOENT) return std::nullopt;
  return require(found);
}

OwnedFd Folder::open_folder(const std::string& path) const {
  return require(open_beneath(fd(), path, kFolderFlags, 0));
}

OwnedFd Folder::create(const std::string& path) const {
  OwnedFd file = require(open_beneath(fd(), path, O_WRONLY | O_CREAT | O_EXCL, kFileMode));
  // The umask may have taken bits away; it cannot have added any.
  if (::fchmod(file.get(), kFileMode) != 0) throw_system_error("fchmod");
  if (owner_ && ::fchown(file.get(), owner_->user, owner_->group) != 0) throw_system_error("chown");
  return file;
}

OwnedFd Folder::open_or_create(const std::string& path, int more_flags) const {
  for (;;) {
    if (std::optional<OwnedFd> file = open(path, O_RDWR | more_flags)) {
      const struct stat status = status_of(file->get());
      if (!S_ISREG(status.st_mode)) throw std::system_error(EINVAL, std::generic_category());
      if (status.st_nlink > 1) throw std::system_error(EMLINK, std::generic_category());
      return std::move(*file);
    }
    try {
      create(path);
    } catch (const std::system_error& error) {
      if (error.code().value() != EEXIST) throw;  // another process was faster: open its file
    }
  }
}

OwnedFd Folder::make_folders(const std::string& path, std::vector<OwnedFd>* changed) const {
  const int found = open_beneath(fd(), path, kFolderFlags, 0);
  if (found >= 0) return OwnedFd(found);
  if (errno != ENOENT) throw_system_error("openat2");
  const PathParts parts = split_path(path);
  OwnedFd parent = make_folders(parts.folder, changed);
  make_folder(parent.get(), parts.name);
  OwnedFd made = require(open_beneath(parent.get(), parts.name, kFolderFlags, 0));
  if (changed != nullptr) changed->push_back(std::move(parent));
  return made;
}

void Folder::make_folder(int parent, const std::string& name) const {
  if (::mkdirat(parent, name.c_str(), kFolderMode) != 0) {
    if (errno == EEXIST) return;  // another process was faster
    throw_system_error("mkdir");
  }
  // By name, because a umask of 0777 lets nobody but root open it. Nobody else can change what lies
  // in a parent of mode 0700.
  if (::fchmodat(parent, name.c_str(), kFolderMode, 0) != 0) throw_system_error("chmod");
  if (owner_ &&
      ::fchownat(parent, name.c_str(), owner_->user, owner_->group, AT_SYMLINK_NOFOLLOW) != 0) {
    throw_system_error("chown");
  }
}

void Folder::remove_tree(const std::string& path) const {
  const PathParts parts = split_path(path);
  const std::optional<OwnedFd> parent = open(parts.folder, kFolderFlags);
  if (parent) remove_entry(parent->get(), parts.name, kDeepest);
}

PathParts split_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {".", std::string(path)};
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

std::string read_all(int file, std::size_t most) {
  const struct stat status = status_of(file);
  if (S_ISDIR(status.st_mode)) throw std::system_error(EISDIR, std::generic_category(), "read");
  if (!S_ISREG(status.st_mode)) throw std::system_error(EINVAL, std::generic_category(), "read");
  std::string text;
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t count = ::read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_system_error("read");
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > most) throw std::system_error(EFBIG, std::generic_category(), "read");
  }
}

void write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_system_error("write");
    if (count == 0) throw std::system_error(EIO, std::generic_category(), "write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void sync(int file_or_folder) {
  while (::fsync(file_or_folder) != 0) {
    // Only EINTR is worth a second try: after EIO the kernel calls the pages clean, and a second
    // fsync would lie.
    if (errno != EINTR) throw_system_error("fsync");
  }
}

void sync_tree(int folder) { sync_tree(folder, kDeepest); }

void close_checked(OwnedFd file) {
  if (::close(file.release()) != 0 && errno != EINTR) throw_system_error("close");
}

std::vector<std::string> entries(int folder) {
  // A descriptor of its own, because reading moves the position that duplicates share.
  OwnedFd own = require(open_beneath(folder, ".", kFolderFlags, 0));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.get()), ::closedir);
  if (!stream) throw_system_error("fdopendir");
  own.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw_system_error("readdir");
  std::sort(names.begin(), names.end());
  return names;
}

void throw_system_error(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

}  // namespace autohttps
