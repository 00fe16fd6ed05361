// Files beneath a folder that is held open: no name leads outside of it, whatever links lie in it
// (RELIABILITY I6).
#pragma once

#include <autohttps/common/owned_fd.h>

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

// Everything here throws std::system_error with errno: the caller knows what it was doing and puts
// it into words.

// Immutable: any thread. Paths are relative, "a/b/c"; "." is the folder itself. They are opened
// with openat2(2) and RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS (Linux 5.6), so
// links are never followed, not even in the middle.
class Folder {
 public:
  struct Owner {
    uid_t user;
    gid_t group;
  };

  // What is made beneath belongs to `owner`, where one is given: root acting for the folder's
  // owner.
  explicit Folder(OwnedFd folder, std::optional<Owner> owner = {})
      : folder_(std::move(folder)), owner_(owner) {}

  int fd() const noexcept { return folder_.get(); }

  // Never waits on a pipe and never lets a child inherit. Empty: there is no such file or folder.
  std::optional<OwnedFd> open(const std::string& path, int flags) const;
  OwnedFd open_folder(const std::string& path) const;
  // A new file, mode 0600 whatever the umask is, for writing. EEXIST when anything, even a link, is
  // there.
  OwnedFd create(const std::string& path) const;
  // A file of ours for reading and writing, made when absent. EMLINK when another name leads to it
  // as well.
  OwnedFd open_or_create(const std::string& path, int more_flags = 0) const;

  // Makes what is missing of `path`, mode 0700 whatever the umask is. The folders that got a new
  // entry are added to `changed`, deepest last: whoever wants them to survive a power cut syncs
  // these after the file inside was synced, when on a journaling file system they cost next to
  // nothing.
  OwnedFd make_folders(const std::string& path, std::vector<OwnedFd>* changed = nullptr) const;
  void remove_tree(
      const std::string& path) const;  // absent is fine; links are removed, not followed

 private:
  void make_folder(int parent, const std::string& name) const;

  OwnedFd folder_;
  std::optional<Owner> owner_;
};

// "a/b/c" -> "a/b" and "c"; "c" -> "." and "c".
struct PathParts {
  std::string folder, name;
};
PathParts split_path(std::string_view path);

// The whole of a regular file. EFBIG beyond `most`, EISDIR for a folder.
std::string read_all(int file, std::size_t most);
void write_all(int file, std::string_view bytes);  // short writes and EINTR are dealt with
void sync(int file_or_folder);                     // fsync(2)
void sync_tree(int folder);                    // every file below, then every folder, then itself
void close_checked(OwnedFd file);              // what write(2) could not tell yet: NFS, quotas
std::vector<std::string> entries(int folder);  // all but "." and "..", sorted

[[noreturn]] void throw_system_error(const char* call);  // errno

}  // namespace autohttps
