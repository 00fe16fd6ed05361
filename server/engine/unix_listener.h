// A listening Unix socket: a file that others find us by.
#pragma once

#include <autohttps/common/owned_fd.h>

#include <filesystem>
#include <utility>

namespace autohttps {

// The file has mode 0660 from the beginning. One that a process left behind that has gone is taken
// away first; one that is listened on, and whatever is no socket, stays.
class UnixListener {
 public:
  // An absolute path of at most 107 bytes. Throws Error(port) naming what is there already,
  // Error(permission), Error(config) for a path that cannot be one.
  explicit UnixListener(std::filesystem::path);
  ~UnixListener();  // removes the file, once nobody listens on it any more
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  OwnedFd take() noexcept { return std::move(fd_); }  // the socket, for who serves it

 private:
  const std::filesystem::path path_;
  OwnedFd fd_;
};

}  // namespace autohttps
