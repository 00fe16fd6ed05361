#include <autohttps/acme/store/file_store.h>

#include <autohttps/acme/store/keys.h>
#include <autohttps/acme/store/pointer_watch.h>
#include <autohttps/acme/store/store_files.h>
#include <autohttps/acme/store/store_folder.h>
#include <autohttps/common/error.h>
#include <autohttps/common/file_lock.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <utility>

namespace autohttps::acme {
namespace {

constexpr std::chrono::milliseconds kLockRetry{50};
constexpr const char* kChanges = "changes";

std::string lock_file(std::string_view name) {
  std::string file(name);
  std::replace(file.begin(), file.end(), '/', '+');
  return "locks/" + file;
}

bool same_file(const struct stat& a, const struct stat& b) noexcept {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

class FileStore final : public Store {
 public:
  FileStore(std::string path, Clock& clock)
      : path_(std::move(path)),
        clock_(clock),
        opened_(std::make_shared<StoreFolder>(
            open_store_folder(path_, StoreMust::new_or_existing, clock))) {}

  std::optional<std::string> get(std::string_view key) const override;
  std::vector<std::string> list(std::string_view prefix) const override;
  void put(std::string_view key, std::string_view value, Survives survives) override;
  void append(std::string_view key, std::string_view line) override;
  void remove(std::string_view prefix, Survives survives) override;
  std::optional<std::string> target(std::string_view pointer) const override;
  void point(const StoreLock& lock, std::string_view pointer, std::string_view target) override;
  std::unique_ptr<StoreLock> lock(std::string_view name, SteadyTime give_up,
                                  std::stop_token stop) override;
  std::unique_ptr<Subscription> watch(std::function<void(std::string_view)> call) override;
  void quarantine(std::string_view key, std::string_view why) override;
  std::string describe() const override { return path_; }

  bool holds(const FileLock& lock, const std::string& file) const noexcept;

 private:
  template <typename Work>
  auto reading(const char* doing, std::string_view key, Work work) const;
  template <typename Work>
  auto writing(const char* doing, std::string_view key, Work work);
  std::shared_ptr<const StoreFolder> opened() const;
  std::optional<FileLock> try_lock(const Folder& store, const std::string& file);
  [[noreturn]] void throw_locked(std::string_view name) const;

  const std::string path_;
  Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const StoreFolder> opened_;  // guarded by mutex_
};

class FileStoreLock final : public StoreLock {
 public:
  FileStoreLock(const FileStore& store, std::string_view name, FileLock lock)
      : store_(store), name_(name), lock_(std::move(lock)) {}
  std::string_view name() const noexcept override { return name_; }
  bool held() const noexcept override { return store_.holds(lock_, lock_file(name_)); }

 private:
  const FileStore& store_;
  const std::string name_;
  const FileLock lock_;
};

// Everything that touches the disk goes through these two: they check the key and put errno into
// words.
template <typename Work>
auto FileStore::reading(const char* doing, std::string_view key, Work work) const {
  check_key(key);
  try {
    return work(opened()->folder, std::string(key));
  } catch (const std::system_error& error) {
    throw_store_error(path_, std::string(doing) + " " + in_quotes(key), error.code().value());
  }
}

template <typename Work>
auto FileStore::writing(const char* doing, std::string_view key, Work work) {
  const std::string newer = opened()->newer_version;
  if (!newer.empty()) {
    throw Error(ErrorCode::storage,
                "the store " + in_quotes(path_) + " has version " + newer +
                    ", newer than this program: it is served and not changed",
                "use a newer autohttps");
  }
  return reading(doing, key, work);
}

// The folder at our path. It may have been moved away and put back from a backup while we run.
std::shared_ptr<const StoreFolder> FileStore::opened() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) {
    if (errno != ENOENT) throw_store_error(path_, "looking at it", errno);
    throw Error(ErrorCode::storage,
                "the store " + in_quotes(path_) + " is gone: its folder was moved or deleted",
                "put it back, for instance from a backup; what a running server has loaded is "
                "still served");
  }
  const std::lock_guard guard(mutex_);
  if (status.st_dev != opened_->device || status.st_ino != opened_->inode) {
    opened_ = std::make_shared<StoreFolder>(open_store_folder(path_, StoreMust::exist, clock_));
  }
  return opened_;
}

std::optional<std::string> FileStore::get(std::string_view key) const {
  return reading("reading", key, [](const Folder& store, const std::string& path) {
    return read_file(store, path);
  });
}

std::vector<std::string> FileStore::list(std::string_view prefix) const {
  return reading("listing", prefix, [](const Folder& store, const std::string& path) {
    std::vector<std::string> names;
    const std::optional<OwnedFd> folder = store.open(path, O_RDONLY | O_DIRECTORY);
    if (folder) names = entries(folder->get());
    // What cannot be a key is not ours.
    std::erase_if(names, [](const std::string& name) { return !is_key_part(name); });
    return names;
  });
}

void FileStore::put(std::string_view key, std::string_view value, Survives survives) {
  if (value.size() > kMostValueBytes) {
    throw Error(ErrorCode::internal,
                "the value of " + in_quotes(key) + " is too large for the store");
  }
  writing("writing", key, [&](const Folder& store, const std::string& path) {
    put_file(store, path, value, survives);
  });
}

void FileStore::append(std::string_view key, std::string_view line) {
  writing("appending to", key,
          [&](const Folder& store, const std::string& path) { append_line(store, path, line); });
}

void FileStore::remove(std::string_view prefix, Survives survives) {
  writing("removing", prefix,
          [&](const Folder& store, const std::string& path) { remove_key(store, path, survives); });
}

std::optional<std::string> FileStore::target(std::string_view pointer) const {
  return reading("reading", pointer,
                 [](const Folder& store, const std::string& path) -> std::optional<std::string> {
                   std::optional<std::string> target = read_link(store, path);
                   if (target && !parse_generation_target(*target)) target.reset();
                   return target;
                 });
}

void FileStore::point(const StoreLock& lock, std::string_view pointer, std::string_view target) {
  if (!parse_generation_target(target)) {
    throw Error(ErrorCode::internal, in_quotes(target) + " cannot be what a pointer leads to");
  }
  writing("switching", pointer, [&](const Folder& store, const std::string& path) {
    sync_target(store, path, std::string(target));
    if (is_folder(store, path)) {
      quarantine_key(store, path, "a folder in place of the link, as copies make", clock_.wall());
    }
    if (!lock.held()) {
      throw Error(ErrorCode::locked, "the lock on " + in_quotes(lock.name()) + " was lost",
                  "its file was removed while it was held: try again");
    }
    replace_link(store, path, std::string(target));
  });
}

std::unique_ptr<StoreLock> FileStore::lock(std::string_view name, SteadyTime give_up,
                                           std::stop_token stop) {
  const std::string file = lock_file(name);
  for (;;) {
    std::optional<FileLock> lock =
        writing("locking", name,
                [&](const Folder& store, const std::string&) { return try_lock(store, file); });
    if (lock) return std::make_unique<FileStoreLock>(*this, name, std::move(*lock));
    const SteadyTime now = clock_.steady();
    if (now >= give_up) throw_locked(name);
    if (!clock_.sleep_until(std::min(give_up, now + kLockRetry), stop)) {
      throw Error(ErrorCode::canceled, "stopped while waiting for the lock on " + in_quotes(name));
    }
  }
}

std::optional<FileLock> FileStore::try_lock(const Folder& store, const std::string& file) {
  store.make_folders(split_path(file).folder);
  OwnedFd fd = store.open_or_create(file);
  std::optional<FileLock> lock = FileLock::try_take(fd, clock_.wall());
  // Removed or replaced between opening and locking: what we hold is not what the next one asks
  // for.
  if (lock && !holds(*lock, file)) lock.reset();
  return lock;
}

void FileStore::throw_locked(std::string_view name) const {
  const LockHolder holder =
      reading("looking at the lock on", name, [&](const Folder& store, const std::string&) {
        const std::optional<OwnedFd> file = store.open(lock_file(name), O_RDONLY);
        return file ? lock_holder(file->get()) : LockHolder{};
      });
  throw Error(ErrorCode::locked,
              "waiting for the lock on " + in_quotes(name) + ": held by " + holder.text(),
              holder.hint());
}

bool FileStore::holds(const FileLock& lock, const std::string& file) const noexcept {
  try {
    const std::optional<OwnedFd> there = opened()->folder.open(file, O_RDONLY);
    struct stat ours {
    }, theirs{};
    return there && ::fstat(lock.fd(), &ours) == 0 && ::fstat(there->get(), &theirs) == 0 &&
           same_file(ours, theirs);
  } catch (const std::exception&) {
    return false;  // a lock that cannot be checked is not relied on
  }
}

std::unique_ptr<Subscription> FileStore::watch(std::function<void(std::string_view)> call) {
  try {
    writing("making", kChanges,
            [](const Folder& store, const std::string& path) { store.make_folders(path); });
  } catch (const Error&) {
    // A store that cannot be written is still served; the scan sees to it.
  }
  return std::make_unique<PointerWatch>(*this, clock_, path_ + "/" + kChanges, std::move(call),
                                        PointerWatch::Timing{});
}

void FileStore::quarantine(std::string_view key, std::string_view why) {
  writing("moving aside", key, [&](const Folder& store, const std::string& path) {
    quarantine_key(store, path, why, clock_.wall());
  });
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

std::filesystem::path default_store_path() {
  // systemd gives several folders with ":" between them when a unit asks for several.
  const std::string state = environment("STATE_DIRECTORY");
  if (!state.empty()) return state.substr(0, state.find(':'));
  if (::geteuid() == 0) return "/var/lib/autohttps";
  const std::filesystem::path xdg = environment("XDG_STATE_HOME");
  if (xdg.is_absolute()) return xdg / "autohttps";
  const std::string home = environment("HOME");
  if (home.empty()) {
    throw Error(ErrorCode::config, "there is no place for the store: HOME is not set",
                "give --store DIR");
  }
  return std::filesystem::path(home) / ".local/state/autohttps";
}

std::unique_ptr<Store> open_file_store(const std::filesystem::path& path, Clock& clock) {
  if (path.empty()) throw Error(ErrorCode::config, "the store's path is empty", "give --store DIR");
  std::string absolute = std::filesystem::absolute(path).lexically_normal();
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return std::make_unique<FileStore>(std::move(absolute), clock);
}

}  // namespace autohttps::acme
