#include <autohttps/acme/store/store_files.h>

#include <autohttps/acme/store/keys.h>
#include <autohttps/common/random.h>
#include <autohttps/common/timestamps.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace autohttps::acme {
namespace {

// One folder for what is under way, so that sweeping after crashes looks into one folder and not
// through the whole store.
constexpr const char* kTemporaries = "tmp";
constexpr const char* kQuarantine = "quarantine";
constexpr std::time_t kLeftover = 3600;  // no put takes an hour

std::string unpredictable_name() {
  static std::atomic<unsigned> counter{0};
  SystemRandom random;
  return std::to_string(::getpid()) + "-" + std::to_string(counter++) + "-" + random.token(8);
}

// A name in tmp/ that goes away again unless it was moved to its place.
class Temporary {
 public:
  explicit Temporary(const Folder& store)
      : folder_(store.make_folders(kTemporaries)), name_(unpredictable_name()) {}
  ~Temporary() {
    if (!moved_) ::unlinkat(folder_.get(), name_.c_str(), 0);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  int folder() const noexcept { return folder_.get(); }
  const char* name() const noexcept { return name_.c_str(); }
  std::string path() const { return std::string(kTemporaries) + "/" + name_; }

  void move_to(int folder, const std::string& name) {
    if (::renameat(folder_.get(), name_.c_str(), folder, name.c_str()) != 0) {
      throw_system_error("rename");
    }
    moved_ = true;
  }

 private:
  OwnedFd folder_;
  std::string name_;
  bool moved_ = false;
};

// Deepest first: none is durable before what it leads to.
void sync_all(const std::vector<OwnedFd>& folders) {
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) sync(folder->get());
}

off_t size_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) throw_system_error("fstat");
  return status.st_size;
}

void cut(int file, off_t size) {
  if (::ftruncate(file, size) != 0) throw_system_error("ftruncate");
}

// Where the last whole line ends: a crash in the middle of an append leaves bytes behind it.
off_t end_of_lines(int file) {
  const off_t size = size_of(file);
  if (size == 0) return 0;
  char last = 0;
  if (::pread(file, &last, 1, size - 1) == 1 && last == '\n') return size;
  if (::lseek(file, 0, SEEK_SET) < 0) throw_system_error("lseek");
  const std::size_t newline = read_all(file, kMostValueBytes).rfind('\n');
  return newline == std::string::npos ? 0 : static_cast<off_t>(newline + 1);
}

// In one step, so that nobody meets half of a folder; on a full disk, where tmp/ takes no more
// names, piece by piece.
void remove_folder(const Folder& store, int parent, const std::string& key) {
  std::string doomed = key;
  try {
    const OwnedFd temporaries = store.make_folders(kTemporaries);
    const std::string name = unpredictable_name();
    if (::renameat(parent, split_path(key).name.c_str(), temporaries.get(), name.c_str()) == 0) {
      doomed = std::string(kTemporaries) + "/" + name;
    }
  } catch (const std::system_error&) {
    // As said above.
  }
  store.remove_tree(doomed);
}

// Empty: nothing of that name, not even a link.
std::optional<mode_t> mode_of(const Folder& store, const std::string& key) {
  const PathParts parts = split_path(key);
  const std::optional<OwnedFd> folder = store.open(parts.folder, O_RDONLY | O_DIRECTORY);
  if (!folder) return std::nullopt;
  struct stat status {};
  if (::fstatat(folder->get(), parts.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    return status.st_mode;
  }
  if (errno != ENOENT) throw_system_error("fstatat");
  return std::nullopt;
}

std::string compact_time(WallTime now) {
  std::string text = format_rfc3339(now);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

}  // namespace

std::optional<std::string> read_file(const Folder& store, const std::string& key) {
  const std::optional<OwnedFd> file = store.open(key, O_RDONLY);
  if (!file) return std::nullopt;
  return read_all(file->get(), kMostValueBytes);
}

void put_file(const Folder& store, const std::string& key, std::string_view value,
              Store::Survives survives) {
  const bool durable = survives == Store::Survives::power_cut;
  const PathParts parts = split_path(key);
  std::vector<OwnedFd> changed;
  const OwnedFd folder = store.make_folders(parts.folder, &changed);
  Temporary temporary(store);
  OwnedFd file = store.create(temporary.path());
  write_all(file.get(), value);
  if (durable) sync(file.get());
  close_checked(std::move(file));
  temporary.move_to(folder.get(), parts.name);
  if (!durable) return;
  sync(folder.get());
  sync_all(changed);
}

void append_line(const Folder& store, const std::string& key, std::string_view line) {
  const PathParts parts = split_path(key);
  std::vector<OwnedFd> changed;
  const OwnedFd folder = store.make_folders(parts.folder, &changed);
  const OwnedFd file = store.open_or_create(key, O_APPEND);
  const off_t end = end_of_lines(file.get());
  if (end != size_of(file.get())) cut(file.get(), end);
  try {
    write_all(file.get(), std::string(line) + "\n");
    sync(file.get());
  } catch (const std::system_error&) {
    // Best effort: a torn last line does not exist anyway.
    [[maybe_unused]] const int ignored = ::ftruncate(file.get(), end);
    throw;
  }
  if (end == 0) sync(folder.get());  // its name may be as new as its first line
  sync_all(changed);
}

void remove_key(const Folder& store, const std::string& key, Store::Survives survives) {
  const PathParts parts = split_path(key);
  const std::optional<OwnedFd> folder = store.open(parts.folder, O_RDONLY | O_DIRECTORY);
  if (!folder) return;
  if (::unlinkat(folder->get(), parts.name.c_str(), 0) != 0) {
    if (errno == ENOENT) return;
    if (errno != EISDIR) throw_system_error("unlink");
    remove_folder(store, folder->get(), key);
  }
  if (survives == Store::Survives::power_cut) sync(folder->get());
}

void sync_target(const Folder& store, const std::string& pointer, const std::string& target) {
  const std::string folder = split_path(pointer).folder;
  std::string path = folder + "/" + target;
  sync_tree(store.open_folder(path).get());
  // The folders between: their entries are as new as the target.
  while ((path = split_path(path).folder) != folder) sync(store.open_folder(path).get());
}

void replace_link(const Folder& store, const std::string& pointer, const std::string& target) {
  const PathParts parts = split_path(pointer);
  const OwnedFd folder = store.open_folder(parts.folder);
  Temporary temporary(store);
  if (::symlinkat(target.c_str(), temporary.folder(), temporary.name()) != 0) {
    throw_system_error("symlink");
  }
  temporary.move_to(folder.get(), parts.name);
  sync(folder.get());
}

std::optional<std::string> read_link(const Folder& store, const std::string& pointer) {
  const PathParts parts = split_path(pointer);
  const std::optional<OwnedFd> folder = store.open(parts.folder, O_RDONLY | O_DIRECTORY);
  if (!folder) return std::nullopt;
  std::array<char, 256> buffer;  // a longer one is none of ours, cut or not
  const ssize_t size =
      ::readlinkat(folder->get(), parts.name.c_str(), buffer.data(), buffer.size());
  if (size >= 0) return std::string(buffer.data(), static_cast<std::size_t>(size));
  if (errno == ENOENT || errno == EINVAL) return std::nullopt;  // EINVAL: not a link
  throw_system_error("readlink");
}

bool is_folder(const Folder& store, const std::string& key) {
  const std::optional<mode_t> mode = mode_of(store, key);
  return mode && S_ISDIR(*mode);
}

void quarantine_key(const Folder& store, const std::string& key, std::string_view why,
                    WallTime now) {
  if (!mode_of(store, key)) return;
  const PathParts from = split_path(key);
  const OwnedFd from_folder = store.open_folder(from.folder);
  for (int n = 1;; ++n) {
    const std::string aside =
        std::string(kQuarantine) + "/" + compact_time(now) + "-" + std::to_string(n);
    if (mode_of(store, aside)) continue;
    const PathParts to = split_path(std::string(aside).append("/").append(key));
    std::vector<OwnedFd> changed;
    const OwnedFd to_folder = store.make_folders(to.folder, &changed);
    if (::renameat2(from_folder.get(), from.name.c_str(), to_folder.get(), to.name.c_str(),
                    RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST) continue;  // another process took the same number
      if (errno == ENOENT) return;    // another process moved it aside
      throw_system_error("rename");
    }
    sync(to_folder.get());
    sync_all(changed);
    sync(from_folder.get());
    put_file(store, aside + "/why.txt", std::string(why) + "\n", Store::Survives::process_end);
    return;
  }
}

void sweep_temporaries(const Folder& store) noexcept {
  try {
    const std::optional<OwnedFd> folder = store.open(kTemporaries, O_RDONLY | O_DIRECTORY);
    if (!folder) return;
    // The times of files are the kernel's, not those of a Clock.
    const std::time_t now = std::time(nullptr);
    for (const std::string& name : entries(folder->get())) {
      struct stat status {};
      if (::fstatat(folder->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      // A folder is here to be removed: helping with that harms nobody.
      if (S_ISDIR(status.st_mode) || now - status.st_mtime > kLeftover) {
        store.remove_tree(std::string(kTemporaries) + "/" + name);
      }
    }
  } catch (const std::system_error&) {
    // A read-only disk, or another process sweeps: the next opening tries again.
  }
}

}  // namespace autohttps::acme
