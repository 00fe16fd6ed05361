// A kernel lock on a file: it ends with its holder, however that ends, and cannot go stale
// (RELIABILITY 24).
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/owned_fd.h>

#include <optional>
#include <string>

namespace autohttps {

// Held until destroyed. An open-file-description lock, fcntl(2): it excludes other processes and
// other openings in this one. The file stays when the lock ends: removing it would let two holders
// hold two files of one name.
class FileLock {
 public:
  // `file`: opened for reading and writing. Takes the lock at once or, held by somebody else, not
  // at all. Writes into the file, for people, who holds it since `now`. Throws std::system_error.
  static std::optional<FileLock> try_take(OwnedFd& file, WallTime now);

  int fd() const noexcept { return file_.get(); }

 private:
  explicit FileLock(OwnedFd file) : file_(std::move(file)) {}
  OwnedFd file_;
};

// What the holder of a lock wrote into its file, as far as it can be read.
struct LockHolder {
  int pid = 0;           // 0: unknown
  std::string command;   // program and verb, printable
  std::string since;     // RFC 3339
  bool stopped = false;  // by SIGSTOP or a terminal: it holds the lock and does nothing

  std::string text() const;  // `process 4711 ("autohttps renew") since 2026-11-24T07:30:20Z`
  std::string hint() const;  // what to do about it
};
LockHolder lock_holder(int file);

}  // namespace autohttps
