#include <autohttps/tools/autohttps/store_owner.h>

#include <autohttps/acme/store/file_store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/common/strings.h>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <vector>

namespace autohttps::tools {
namespace {

constexpr const char* kServiceUser = "autohttps";
constexpr const char* kSystemStore = "/var/lib/autohttps";
constexpr mode_t kStoreMode = 0700;
constexpr mode_t kAnswersMode = 0755;  // the other web server reads there
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr int kMostGroups = 64;

struct User {
  uid_t user = 0;
  std::string name;           // empty: in no list of users
  std::vector<gid_t> groups;  // the first is the one that new files get
};

// `by` is getpwuid_r or getpwnam_r.
template <typename Key, typename Look>
std::optional<User> look_up(Key key, Look by) {
  std::array<char, 16 * 1024> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (by(key, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  User user{entry.pw_uid, entry.pw_name, std::vector<gid_t>(kMostGroups)};
  int count = kMostGroups;
  // -1: there are more than fit; those that do are ours.
  ::getgrouplist(entry.pw_name, entry.pw_gid, user.groups.data(), &count);
  user.groups.resize(static_cast<std::size_t>(std::clamp(count, 1, kMostGroups)));
  user.groups.front() = entry.pw_gid;
  return user;
}

std::string shown(const User& user) {
  const std::string number = "uid " + std::to_string(user.user);
  return user.name.empty() ? number : "\"" + printable(user.name) + "\" (" + number + ")";
}

std::string shown(const std::filesystem::path& path) {
  return "the store \"" + printable(path.string(), 300) + "\"";
}

[[noreturn]] void fail(const std::filesystem::path& store, const User& owner, int error_number) {
  throw_errno(ErrorCode::permission, "acting as " + shown(owner) + ", who owns " + shown(store),
              error_number,
              "run this as that user, or give the store to root: chown -R root:root " +
                  printable(store.string(), 300));
}

// A store that is to be made in the system's place belongs to the service, whoever makes it.
OwnedFd make_for_service(const std::filesystem::path& store) {
  if (store != kSystemStore) return {};
  const std::optional<User> service = look_up(kServiceUser, ::getpwnam_r);
  if (!service || ::mkdir(kSystemStore, kStoreMode) != 0) return {};
  OwnedFd folder(::open(kSystemStore, kFolder | O_NOFOLLOW));
  if (!folder || ::fchmod(folder.get(), kStoreMode) != 0 ||
      ::fchown(folder.get(), service->user, service->groups.front()) != 0) {
    fail(store, *service, errno);
  }
  return folder;
}

// Empty: there is no store, and who makes it will own it.
std::optional<User> owner_of(const std::filesystem::path& store, Missing missing) {
  OwnedFd folder(::open(store.c_str(), kFolder));
  if (!folder && errno == ENOENT && missing == Missing::make) folder = make_for_service(store);
  struct stat status {};
  if (!folder || ::fstat(folder.get(), &status) != 0) return {};  // opening it tells why
  if (auto known = look_up(status.st_uid, ::getpwuid_r)) return known;
  return User{status.st_uid, {}, {status.st_gid}};
}

bool can_reach(const std::filesystem::path& store) {
  return OwnedFd(::open(store.c_str(), kFolder)) || errno != EACCES;
}

Error unreachable(const std::filesystem::path& store, const User& owner) {
  return Error(ErrorCode::permission,
               shown(store) + " belongs to " + shown(owner) +
                   ", who cannot reach it: a folder above it is closed to that user",
               "open the folders above it (chmod o+x), or move the store, or give it to root: "
               "chown -R root:root " +
                   printable(store.string(), 300));
}

bool was_root() noexcept {
  uid_t real = 0, effective = 0, saved = 0;
  return ::getresuid(&real, &effective, &saved) == 0 && (real == 0 || saved == 0);
}

// What was meant to have fewer rights must not go on with more.
void require(bool done) noexcept {
  if (!done) std::abort();
}

bool bar_capabilities() noexcept {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);  // a container may have taken that right
  }
  return true;
}

bool has_no_capability() noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  return ::syscall(SYS_capset, &header, sets.data()) == 0;  // every set empty
}

// Empty on failure, errno is why. Links are not followed: whoever may write below a document root
// must not choose the folder that is given away.
OwnedFd open_or_make(int parent, const char* name, bool& made) {
  made = ::mkdirat(parent, name, kAnswersMode) == 0;
  if (!made && errno != EEXIST) return {};
  OwnedFd folder(::openat(parent, name, kFolder | O_NOFOLLOW));
  if (folder && made) ::fchmod(folder.get(), kAnswersMode);  // whatever the umask is
  return folder;
}

}  // namespace

ActingAsOwner::ActingAsOwner(const std::filesystem::path& store, Missing missing) {
  if (::geteuid() != 0) return;
  const std::optional<User> owner = owner_of(store, missing);
  if (!owner || owner->user == 0) return;
  if (::setgroups(owner->groups.size(), owner->groups.data()) != 0 ||
      ::setegid(owner->groups.front()) != 0 || ::seteuid(owner->user) != 0) {
    fail(store, *owner, errno);
  }
  changed_ = true;
  hide_memory();  // the change made the system's default of it
  if (can_reach(store)) return;
  end();
  throw unreachable(store, *owner);
}

ActingAsOwner::~ActingAsOwner() { end(); }

void ActingAsOwner::end() noexcept {
  if (!changed_ || !was_root()) return;  // not after give_up_root()
  require(::seteuid(0) == 0 && ::setegid(0) == 0);
  const gid_t root = 0;
  ::setgroups(1, &root);
  hide_memory();
}

AsRoot::AsRoot() {
  const uid_t acting = ::geteuid();
  if (acting == 0 || !was_root()) return;
  if (::seteuid(0) == 0) acting_ = acting;  // if not: what root is needed for says so
}

AsRoot::~AsRoot() {
  if (acting_ != 0) require(::seteuid(acting_) == 0);
  hide_memory();
}

void give_up_root() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (user == 0 || !was_root()) return;
  const auto done = [&] {
    return ::seteuid(0) == 0 && bar_capabilities() && ::setresgid(group, group, group) == 0 &&
           ::setresuid(user, user, user) == 0 && has_no_capability() &&
           ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  };
  if (!done()) {
    throw_errno(ErrorCode::permission, "giving up root's rights", errno,
                "run this as the store's owner from the beginning");
  }
  require(::setuid(0) != 0 && ::geteuid() == user);
  hide_memory();
}

void hide_memory() noexcept { ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

void prepare_webroot(const std::string& webroot) noexcept {
  const uid_t owner = ::geteuid();
  const gid_t group = ::getegid();
  if (webroot.empty() || owner == 0 || !was_root()) return;
  const AsRoot as_root;
  const OwnedFd root(::open(webroot.c_str(), kFolder));
  if (!root) return;
  bool made = false;
  const OwnedFd known = open_or_make(root.get(), ".well-known", made);
  if (!known) return;
  const OwnedFd answers = open_or_make(known.get(), "acme-challenge", made);
  struct stat status {};
  if (!answers || ::fstat(answers.get(), &status) != 0) return;
  // Another user's folder stays that user's: somebody else answers there.
  if (made || status.st_uid == 0) static_cast<void>(::fchown(answers.get(), owner, group) == 0);
}

}  // namespace autohttps::tools
