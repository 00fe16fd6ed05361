#include <autohttps/tools/autohttps/setup/system_machine.h>

#include <autohttps/common/child_process.h>
#include <autohttps/common/error.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/common/random.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/engine/listener.h>

#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>

namespace autohttps::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::array kPath{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                           "/usr/bin",        "/sbin",          "/bin"};
constexpr std::size_t kMostText = std::size_t{4} * 1024 * 1024;  // a configuration, not a log
constexpr std::chrono::seconds kCommandLimit{60};  // a service that ends its connections

std::string path_of(const std::string& name) {
  if (name.starts_with('/')) return ::access(name.c_str(), X_OK) == 0 ? name : std::string();
  for (const char* folder : kPath) {
    std::string path = std::string(folder) + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "0::/system.slice/nginx.service" -> "nginx.service".
std::string unit_of(long pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t slash = line.rfind('/');
    if (slash == std::string::npos || !line.ends_with(".service")) continue;
    return line.substr(slash + 1);
  }
  return {};
}

std::string numeric(const sockaddr* address, socklen_t size) {
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
    return {};
  }
  const std::string whole(text.data());
  return whole.substr(0, whole.find('%'));  // fe80::1%eth0
}

[[noreturn]] void fail(const std::string& doing, const std::string& path, int error_number) {
  throw_errno(ErrorCode::storage, doing + " \"" + printable(path, 300) + "\"", error_number,
              error_number == EROFS
                  ? "that file system is mounted read-only: mount it writable, or "
                    "set up on the machine that this one is made from"
                  : "");
}

// Written under another name and renamed over: who reads sees the old or the new text.
void replace_file(const fs::path& path, const std::string& text, unsigned mode) {
  const fs::path fresh = path.parent_path() / ("." + path.filename().string() + ".new");
  ::unlink(fresh.c_str());
  const OwnedFd file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) fail("writing", path, errno);
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error_number = errno;
      ::unlink(fresh.c_str());
      fail("writing", path, error_number);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  // Whatever the umask is.
  if (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0 ||
      ::rename(fresh.c_str(), path.c_str()) != 0) {
    const int error_number = errno;
    ::unlink(fresh.c_str());
    fail("writing", path, error_number);
  }
  const OwnedFd folder(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
}

void make_folders(const fs::path& folder) {
  constexpr mode_t kFolderMode = 0755;
  if (folder.empty() || fs::is_directory(folder)) return;
  make_folders(folder.parent_path());
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    fail("making the folder", folder, errno);
  }
  ::chmod(folder.c_str(), kFolderMode);  // whatever the umask is
}

}  // namespace

bool SystemMachine::is_root() const { return ::geteuid() == 0; }

bool SystemMachine::has_command(const std::string& name) const { return !path_of(name).empty(); }

bool SystemMachine::process_runs(const std::string& name) const {
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    if (!is_number(entry->path().filename().string())) continue;
    std::string command;
    std::ifstream file(entry->path() / "comm");
    if (std::getline(file, command) && command == name) return true;
  }
  return false;
}

std::string SystemMachine::program() const {
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  return error ? std::string("/usr/bin/autohttps") : path.string();
}

std::optional<PortHolder> SystemMachine::port_holder(std::uint16_t port) const {
  // "nginx (pid 812)"
  const std::string text = autohttps::port_holder(port);
  PortHolder holder;
  const std::size_t at = text.rfind(" (pid ");
  if (at != std::string::npos) {
    holder.name = text.substr(0, at);
    std::from_chars(text.data() + at + 6, text.data() + text.size(), holder.pid);
    holder.unit = unit_of(holder.pid);
    return holder;
  }
  try {
    listen_tcp({}, port);
    return std::nullopt;
  } catch (const Error& error) {
    // Not being allowed to says nothing about who is there.
    if (error.code() == ErrorCode::permission) return std::nullopt;
    return holder;
  }
}

std::vector<std::string> SystemMachine::addresses_of(const std::string& name) const {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const std::string text = numeric(one->ai_addr, one->ai_addrlen);
    if (!text.empty() && std::ranges::count(addresses, text) == 0) addresses.push_back(text);
  }
  return addresses;
}

std::vector<std::string> SystemMachine::own_addresses() const {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned(list, ::freeifaddrs);
  std::vector<std::string> addresses;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    if (one->ifa_addr->sa_family == AF_INET) {
      addresses.push_back(numeric(one->ifa_addr, sizeof(sockaddr_in)));
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      addresses.push_back(numeric(one->ifa_addr, sizeof(sockaddr_in6)));
    }
  }
  return addresses;
}

int SystemMachine::random_minute() const {
  constexpr double kHour = 60;
  SystemRandom random;
  return static_cast<int>(random.uniform() * kHour);
}

bool SystemMachine::has_user(const std::string& name) const {
  return ::getpwnam(name.c_str()) != nullptr;
}

std::optional<FileOwner> SystemMachine::owner_of(const std::string& path) const {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  FileOwner owner{std::to_string(status.st_uid), std::to_string(status.st_gid)};
  if (const passwd* user = ::getpwuid(status.st_uid)) owner.user = user->pw_name;
  if (const group* group = ::getgrgid(status.st_gid)) owner.group = group->gr_name;
  return owner;
}

bool SystemMachine::exists(const std::string& path) const {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

std::optional<std::string> SystemMachine::read(const std::string& path) const {
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path)) return std::nullopt;
  std::string text;
  std::array<char, 65536> part{};
  while (text.size() < kMostText && (file.read(part.data(), part.size()) || file.gcount() > 0)) {
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
  }
  return text;
}

std::vector<std::string> SystemMachine::list(const std::string& folder) const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

void SystemMachine::check_writable(const std::string& path) const {
  fs::path folder = fs::path(path).parent_path();
  while (folder.has_relative_path() && !exists(folder.string())) folder = folder.parent_path();
  if (::access(folder.c_str(), W_OK) != 0) fail("writing", path, errno);
}

void SystemMachine::write(const std::string& path, const std::string& text, unsigned mode) {
  make_folders(fs::path(path).parent_path());
  replace_file(path, text, mode);
}

void SystemMachine::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("removing", path, errno);
}

void SystemMachine::remove_folder(const std::string& path) {
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST) {
    fail("removing", path, errno);
  }
}

CommandResult SystemMachine::run(const std::vector<std::string>& words) {
  ProcessOptions options;
  options.arguments = words;
  options.arguments.front() = path_of(words.front());
  if (options.arguments.front().empty()) {
    return {-1, "there is no program " + printable(words.front(), 100)};
  }
  std::string path;
  for (const char* folder : kPath) path += (path.empty() ? "" : ":") + std::string(folder);
  options.environment = {"PATH=" + path, "LC_ALL=C.UTF-8", "HOME=/root"};
  options.limit = kCommandLimit;
  try {
    const ProcessResult result = run_process(options, {});
    return {result.exit_code, result.output};
  } catch (const std::system_error& error) {
    return {-1, error.what()};
  }
}

}  // namespace autohttps::tools
