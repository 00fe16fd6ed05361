#include <autohttps/acme/store/store_folder.h>

#include <autohttps/acme/store/keys.h>
#include <autohttps/acme/store/store_files.h>
#include <autohttps/common/error.h>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace autohttps::acme {
namespace {

constexpr int kMajor = 1;
constexpr std::string_view kVersion = "1.0";
constexpr const char* kVersionKey = "version";
constexpr mode_t kOwnFolder = 0700;
constexpr mode_t kOthersWrite = 0022;

// What may lie in a store that lost its `version`, and in the top folder of a disk of its own.
constexpr std::array<std::string_view, 13> kOurs = {
    "accounts", "certificates", "names", "changes",    "challenges", "ledger",    "run",
    "staging",  "locks",        "tmp",   "quarantine", "version",    "lost+found"};

std::string user_name(uid_t user) {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  std::string number = "uid " + std::to_string(user);
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return number;
  }
  return in_quotes(found->pw_name) + " (" + number + ")";
}

std::string hint_for(const std::string& path, int error_number) {
  const std::string place = in_quotes(path);
  switch (error_number) {
    case ENOSPC:
      return "free space (or inodes) on the file system of " + place + ", then try again";
    case EDQUOT:
      return "raise the disk quota or free space in " + place + ", then try again";
    case EIO:
      return "the disk under " + place + " reports errors: see the kernel's log (dmesg)";
    case EROFS:
      return "remount the file system of " + place + " for writing, or give another --store";
    case EACCES:
    case EPERM:
      return "run this as the owner of " + place + ", or give another --store";
    case ELOOP:
    case EMLINK:
      return "a link lies in the store where none belongs, and is not followed: remove it";
    case EMFILE:
    case ENFILE:
      return "raise the limit on open files (ulimit -n)";
    case ENOSYS:
      return "Linux 5.6 or newer is needed (openat2), and nothing that filters it away";
    default:
      return {};
  }
}

// Empty: nothing there.
OwnedFd open_path(const std::string& path) {
  OwnedFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder && errno != ENOENT) throw_store_error(path, "opening it", errno);
  return folder;
}

void make_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::filesystem::create_directories(parent, error);
  if (error) throw_store_error(path, "making its parent folder", error.value());
  // The umask may have taken bits away.
  const bool made = ::mkdir(path.c_str(), kOwnFolder) == 0;
  if (made ? ::chmod(path.c_str(), kOwnFolder) != 0 : errno != EEXIST) {
    throw_store_error(path, "making its folder", errno);
  }
  const OwnedFd above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (above)
    ::fsync(above.get());  // some file systems refuse; the first file inside is synced anyway
}

std::optional<Folder::Owner> check_owner(const std::string& path, const struct stat& status) {
  const uid_t user = ::geteuid();
  if (status.st_uid == user) return std::nullopt;
  if (user == 0) return Folder::Owner{status.st_uid, status.st_gid};
  throw Error(ErrorCode::permission,
              "the store " + in_quotes(path) + " belongs to " + user_name(status.st_uid) +
                  ", and this runs as " + user_name(user),
              "run this as the store's owner, or give another --store");
}

struct Version {
  int major = 0, minor = 0;
};

std::optional<Version> parse_version(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits) -> std::optional<int> {
    int value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (digits.empty() || error != std::errc() || stop != end || value < 0) return std::nullopt;
    return value;
  };
  const std::optional<int> major = number(text.substr(0, dot));
  const std::optional<int> minor = number(text.substr(dot + 1));
  if (!major || !minor || *major == 0) return std::nullopt;
  return Version{*major, *minor};
}

// A mistyped --store must not turn somebody's home into a store.
void check_nothing_foreign(const std::string& path, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end()) continue;
    throw Error(ErrorCode::config,
                in_quotes(path) + " is not a store: it has no file \"version\" but holds " +
                    in_quotes(name),
                "give a new or empty folder, or the store's own, as --store");
  }
}

// A store begins here, or goes on without its version file.
void begin(const std::string& path, StoreMust must, const Folder& folder) {
  const std::vector<std::string> names = entries(folder.fd());
  if (must == StoreMust::exist && names.empty()) {
    throw Error(ErrorCode::storage,
                "the store " + in_quotes(path) + " was replaced by an empty folder while in use",
                "put it back, for instance from a backup; to begin anew, start again");
  }
  check_nothing_foreign(path, names);
  if (::fchmod(folder.fd(), kOwnFolder) != 0) throw_system_error("chmod");
  // Not synced: a store that lost it goes on as said above.
  put_file(folder, kVersionKey, std::string(kVersion) + "\n", Store::Survives::process_end);
}

// Returns the version when it is a newer minor one.
std::string check_version(const std::string& path, StoreMust must, const Folder& folder,
                          Clock& clock) {
  std::optional<std::string> text = read_file(folder, kVersionKey);
  if (!text) {
    begin(path, must, folder);
    return {};
  }
  const std::optional<Version> version = parse_version(*text);
  if (!version) {
    // Damaged: every version wrote two numbers. What lies beside it speaks for itself.
    quarantine_key(folder, kVersionKey, "not a version", clock.wall());
    put_file(folder, kVersionKey, std::string(kVersion) + "\n", Store::Survives::power_cut);
    return {};
  }
  const std::string words = std::to_string(version->major) + "." + std::to_string(version->minor);
  if (version->major > kMajor) {
    throw Error(ErrorCode::storage,
                "the store " + in_quotes(path) + " has version " + words +
                    ", and this program understands up to " + std::to_string(kMajor) + ".x",
                "use a newer autohttps, or give another --store");
  }
  return version->minor > 0 ? words : std::string();
}

}  // namespace

StoreFolder open_store_folder(const std::string& path, StoreMust must, Clock& clock) {
  OwnedFd fd = open_path(path);
  if (!fd && must == StoreMust::new_or_existing) {
    make_path(path);
    fd = open_path(path);
  }
  if (!fd) throw_store_error(path, "opening it", ENOENT);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw_store_error(path, "looking at it", errno);
  const std::optional<Folder::Owner> owner = check_owner(path, status);
  try {
    StoreFolder store{Folder(std::move(fd), owner), status.st_dev, status.st_ino, {}};
    store.newer_version = check_version(path, must, store.folder, clock);
    if ((status.st_mode & kOthersWrite) != 0 && ::fchmod(store.folder.fd(), kOwnFolder) != 0) {
      throw_system_error("chmod");
    }
    if (store.newer_version.empty()) sweep_temporaries(store.folder);
    return store;
  } catch (const std::system_error& error) {
    throw_store_error(path, "opening it", error.code().value());
  }
}

void throw_store_error(const std::string& path, const std::string& doing, int error_number) {
  throw_errno(ErrorCode::storage, "the store " + in_quotes(path) + ": " + doing, error_number,
              hint_for(path, error_number));
}

}  // namespace autohttps::acme
