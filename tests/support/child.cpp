#include <autohttps/tests/support/child.h>

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>

extern char** environ;

namespace autohttps {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

[[noreturn]] void fail(const char* doing) {
  throw std::system_error(errno, std::generic_category(), doing);
}

OwnedFd memory_file(std::string_view contents = {}) {
  OwnedFd fd(::memfd_create("autohttps-test", MFD_CLOEXEC));
  if (!fd) fail("making a file in memory");
  if (::write(fd.get(), contents.data(), contents.size()) !=
          static_cast<ssize_t>(contents.size()) ||
      ::lseek(fd.get(), 0, SEEK_SET) != 0) {
    fail("filling a file in memory");
  }
  return fd;
}

// pread: the position is the child's, who shares it.
std::string contents_of(const OwnedFd& fd) {
  std::string text;
  std::array<char, 16384> piece;
  ssize_t length;
  while ((length = ::pread(fd.get(), piece.data(), piece.size(), static_cast<off_t>(text.size()))) >
         0) {
    text.append(piece.data(), static_cast<std::size_t>(length));
  }
  return text;
}

std::vector<std::string> merged_environment(std::map<std::string, std::string> changes) {
  changes.emplace("AUTOHTTPS_CONFIG", "/dev/null");  // this machine's own is none of a test's
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!changes.contains(std::string(text.substr(0, text.find('='))))) merged.emplace_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) merged.push_back(name + "=" + value);
  }
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

struct Start {
  char** arguments;
  char** environment;
  const char* folder;  // null: stay
  int in;
  int out;
  int err;
  std::optional<uid_t> user;
  pid_t parent;
};

// Between fork and exec only async-signal-safe calls: the test may have threads.
[[noreturn]] void become(const Start& start) {
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (start.user) {
    const gid_t group = *start.user;
    if (::setgroups(0, nullptr) != 0 || ::setgid(group) != 0 || ::setuid(*start.user) != 0) {
      ::_exit(126);
    }
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after setuid, which clears it
  if (::getppid() != start.parent) ::_exit(126);
  if (start.folder != nullptr && ::chdir(start.folder) != 0) ::_exit(126);
  if (::dup2(start.in, 0) < 0 || ::dup2(start.out, 1) < 0 || ::dup2(start.err, 2) < 0) ::_exit(126);
  ::execvpe(start.arguments[0], start.arguments, start.environment);
  ::_exit(127);
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Child::Child(const ChildOptions& options) : out_(memory_file()), err_(memory_file()) {
  if (options.arguments.empty()) throw std::invalid_argument("a child needs a program");
  std::vector<std::string> arguments = options.arguments;
  std::vector<std::string> environment = merged_environment(options.environment);
  const std::vector<char*> argument_list = pointers(arguments);
  const std::vector<char*> environment_list = pointers(environment);
  const OwnedFd in = memory_file(options.input);
  const Start start{const_cast<char**>(argument_list.data()),
                    const_cast<char**>(environment_list.data()),
                    options.folder.empty() ? nullptr : options.folder.c_str(),
                    in.get(),
                    out_.get(),
                    err_.get(),
                    options.user,
                    ::getpid()};
  pid_ = ::fork();
  if (pid_ < 0) fail("starting a child");
  if (pid_ == 0) become(start);
  ::setpgid(pid_, pid_);  // whichever of the two comes first; EACCES after its exec is fine
  pid_fd_ = OwnedFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pid_fd_) fail("watching a child");
}

Child::~Child() {
  if (pid_ > 0) kill();
}

std::string Child::out() const { return contents_of(out_); }
std::string Child::err() const { return contents_of(err_); }

bool Child::running() { return !wait(milliseconds(0)); }

void Child::reap(int status) noexcept { exit_code_ = exit_code_of(status); }

std::optional<int> Child::wait(milliseconds limit) {
  const auto give_up = steady_clock::now() + limit;
  while (!exit_code_) {
    const auto left = std::chrono::duration_cast<milliseconds>(give_up - steady_clock::now());
    pollfd entry{pid_fd_.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, std::max(0, static_cast<int>(left.count())));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) fail("waiting for a child");
    if (ready == 0) return std::nullopt;
    int status = 0;
    if (::waitpid(pid_, &status, 0) != pid_) fail("reaping a child");
    reap(status);
  }
  return exit_code_;
}

bool Child::wait_for(std::string_view text, milliseconds limit) {
  const auto give_up = steady_clock::now() + limit;
  while (true) {
    const bool ended = !running();  // asked first: what it said last is not missed
    if (out().find(text) != std::string::npos || err().find(text) != std::string::npos) return true;
    if (ended || steady_clock::now() >= give_up) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

void Child::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}

int Child::stop(milliseconds grace) {
  signal(SIGTERM);
  if (const auto code = wait(grace)) return *code;
  return kill();
}

int Child::kill() {
  ::kill(-pid_, SIGKILL);  // what it started may outlive it
  while (!wait(milliseconds(60'000))) {
  }
  return *exit_code_;
}

ChildResult run_child(const ChildOptions& options) {
  const auto start = steady_clock::now();
  Child child(options);
  ChildResult result;
  result.timed_out = !child.wait(options.limit);
  result.exit_code = child.kill();
  result.out = child.out();
  result.err = child.err();
  result.wall = std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
  return result;
}

namespace {

// An abstract socket's name as the promise: the kernel drops it with its process.
OwnedFd promise_of(std::uint16_t port) {
  OwnedFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) fail("making a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "autohttps-test-port-" + std::to_string(port);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) fd.reset();
  return fd;
}

bool bindable(std::uint16_t port) {
  const OwnedFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) fail("making a socket");
  const int on = 1;  // connections of an earlier test in TIME_WAIT do not matter
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

FreePort::FreePort() {
  std::random_device random;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    // pebble.sh chooses from 26000 on
    const auto port = static_cast<std::uint16_t>(20000 + random() % 6000);
    OwnedFd promise = promise_of(port);
    if (!promise || !bindable(port)) continue;
    promise_ = std::move(promise);
    number_ = port;
    return;
  }
  throw std::runtime_error("no free port between 20000 and 25999");
}

}  // namespace autohttps
