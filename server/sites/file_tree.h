// A folder whose files are shown to everybody, and nothing outside of it.
#pragma once

#include <autohttps/common/owned_fd.h>

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace autohttps {

// One state of one file: while it is the same, so are the bytes. The time of the last change
// (st_ctim) is set by the kernel alone, and by every write, truncation, rename, link and chmod.
struct FileState {
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0, modified_ns = 0;  // seconds since 1970, and nanoseconds
  std::int64_t changed = 0, changed_ns = 0;

  static FileState of(const struct stat&) noexcept;
  bool operator==(const FileState&) const = default;
};

struct OpenedFile {
  enum class Kind {
    file,    // a regular one
    folder,  //
    other,   // pipes, sockets, devices: closed again
    nothing  // see `error`
  } kind = Kind::nothing;
  OwnedFd fd{};
  FileState state{};
  int error = 0;  // errno
};

// Thread-safe. Every look-up is the kernel's, beneath the root as it is at that moment, or was when
// another request was handled that came no earlier (see event_round.h); by openat2(2) with
// RESOLVE_BENEATH: no "..", no link, no rename at the same time leads out of it. What it gives is
// an open file, so that what happens to the name afterwards does not matter either.
class FileTree {
 public:
  explicit FileTree(const std::filesystem::path& root) : root_(root.string()) {}

  OpenedFile open(const std::string& path) const;  // "a/b"; "." for the root itself
  // Of whatever file the path leads to, also outside the root, which is not opened: to be compared
  // with what is known of one beneath it. False: to none.
  bool glance(const std::string& path, FileState&) const noexcept;

 private:
  struct Root {
    OwnedFd fd;
    dev_t device = 0;
    ino_t inode = 0;
  };
  // The root now, which may be a link that is turned; null: errno.
  std::shared_ptr<const Root> root() const;

  const std::string root_;
  mutable std::mutex mutex_;  // guards what follows
  mutable std::shared_ptr<const Root> last_root_;
  mutable std::uint64_t seen_in_ = 0;  // the last event_round() in which the path was looked up
};

// The status for what could not be opened: what is not there, leads out, or is no name at all is
// not there; what may not be read says so.
int status_of_open_error(int error_number) noexcept;

}  // namespace autohttps
