// A file, a pipe or standard output that lines are appended to without ever waiting for a reader
// (not installed).
#pragma once

#include <autohttps/common/owned_fd.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace autohttps {

// One thread at a time.
class LogFile {
 public:
  // "-" is standard output. A file is made where there is none, mode 0640 whatever the umask is;
  // it is opened for appending, so that others may truncate it (logrotate's copytruncate). A named
  // pipe needs a reader. Throws Error(permission | storage).
  explicit LogFile(std::filesystem::path);

  // The same path anew, for a file that was moved away; standard output stays. Throws as the
  // constructor, and then the one before stays.
  void reopen();

  struct Written {
    std::size_t bytes = 0;
    int error = 0;  // why not all; EAGAIN: its reader has not kept up
  };
  Written write(std::string_view) noexcept;
  void wait_writable(int most_ms) const noexcept;  // after EAGAIN

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  void open();

  const std::filesystem::path path_;
  OwnedFd fd_;
  bool is_socket_ = false;
};

}  // namespace autohttps
