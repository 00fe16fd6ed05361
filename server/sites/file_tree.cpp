#include <autohttps/common/descriptor_limit.h>
#include <autohttps/server/engine/event_round.h>
#include <autohttps/server/sites/file_tree.h>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace autohttps {
namespace {

constexpr int kMostTries = 10;

int open_beneath(int folder, const std::string& path) noexcept {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;  // a pipe is no endless wait
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    // EAGAIN: a rename elsewhere ran into a look-up with "..".
    if ((errno != EINTR && errno != EAGAIN) || tries == kMostTries) return -1;
  }
}

// See is_of_the_last_descriptors(); the limit is asked for once for all that came together.
bool is_of_the_last(int fd) noexcept {
  thread_local std::uint64_t asked_in = 0;
  thread_local int first = 0;
  const std::uint64_t round = event_round();
  if (round == 0 || round != asked_in) {
    first = first_of_the_last_descriptors();
    asked_in = round;
  }
  return fd >= first;
}

}  // namespace

FileState FileState::of(const struct stat& status) noexcept {
  return {status.st_dev,         status.st_ino,          static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
          status.st_ctim.tv_nsec};
}

// A folder that is held open keeps its inode's number: while the path leads to that number, it
// leads to that folder.
std::shared_ptr<const FileTree::Root> FileTree::root() const {
  const std::uint64_t round = event_round();
  {
    const std::lock_guard lock(mutex_);
    if (round != 0 && round == seen_in_) return last_root_;
  }
  struct stat status {};
  if (::stat(root_.c_str(), &status) != 0) return nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (last_root_ && last_root_->device == status.st_dev && last_root_->inode == status.st_ino) {
      seen_in_ = round;
      return last_root_;
    }
  }
  OwnedFd fd(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fstat(fd.get(), &status) != 0) return nullptr;
  auto root = std::make_shared<const Root>(Root{std::move(fd), status.st_dev, status.st_ino});
  std::shared_ptr<const Root> before = root;
  const std::lock_guard lock(mutex_);
  last_root_.swap(before);  // which is closed after the lock
  seen_in_ = round;
  return root;
}

OpenedFile FileTree::open(const std::string& path) const {
  OpenedFile opened;
  const std::shared_ptr<const Root> root = this->root();
  if (root) opened.fd = OwnedFd(open_beneath(root->fd.get(), path));
  struct stat status {};
  if (!opened.fd || ::fstat(opened.fd.get(), &status) != 0) {
    opened.error = errno;
    opened.fd.reset();
    return opened;
  }
  if (is_of_the_last(opened.fd.get())) {
    opened.error = EMFILE;
    opened.fd.reset();
    return opened;
  }
  opened.state = FileState::of(status);
  if (S_ISREG(status.st_mode)) {
    opened.kind = OpenedFile::Kind::file;
  } else if (S_ISDIR(status.st_mode)) {
    opened.kind = OpenedFile::Kind::folder;
  } else {
    opened.kind = OpenedFile::Kind::other;
    opened.fd.reset();
  }
  return opened;
}

bool FileTree::glance(const std::string& path, FileState& state) const noexcept {
  char whole[PATH_MAX];
  if (root_.size() + 1 + path.size() >= sizeof whole) return false;
  char* const end = std::copy(root_.begin(), root_.end(), std::begin(whole));
  *end = '/';
  *std::copy(path.begin(), path.end(), end + 1) = '\0';
  struct stat status {};
  if (::stat(std::begin(whole), &status) != 0) return false;
  state = FileState::of(status);
  return true;
}

int status_of_open_error(int error_number) noexcept {
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

}  // namespace autohttps
