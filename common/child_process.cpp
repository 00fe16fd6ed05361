#include <autohttps/common/child_process.h>

#include <autohttps/common/descriptor_limit.h>
#include <autohttps/common/files.h>
#include <autohttps/common/owned_fd.h>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <functional>
#include <system_error>
#include <utility>

namespace autohttps {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr int kErrorPipe = 3;  // in the child, until exec closes it

// Everything the child needs, made before the fork: between fork and exec of a threaded process
// only async-signal-safe functions may be called, so nothing there allocates.
struct Prepared {
  std::vector<char*> arguments, environment;
  const RunAs* run_as = nullptr;
  int input = -1, output = -1, errors = -1;
  rlim_t descriptors = 0;  // its soft limit
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void give_up(int errors) {
  const int error_number = errno;
  // Nobody is left to tell when even this cannot be written.
  [[maybe_unused]] const ssize_t told = ::write(errors, &error_number, sizeof error_number);
  ::_exit(127);
}

// The system calls themselves: libc's functions of these names stop all threads of a process, of
// which a forked child has no right list.
bool become(const RunAs& user) {
  uid_t real = 0, effective = 0, saved = 0;
  if (::getresuid(&real, &effective, &saved) != 0) return false;
  if (effective != 0 && (real == 0 || saved == 0) && ::syscall(SYS_setresuid, -1, 0, -1) != 0) {
    return false;
  }
  if (::geteuid() != 0) {
    if (real == user.user && effective == user.user && saved == user.user) return true;
    errno = EPERM;
    return false;
  }
  return ::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, user.group, user.group, user.group) == 0 &&
         ::syscall(SYS_setresuid, user.user, user.user, user.user) == 0;
}

void close_all_from(int first) {
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, first, ~0U, 0U) == 0) return;
#endif
  constexpr int kMostOpen = 4096;  // kernels before 5.9
  for (int fd = first; fd < kMostOpen; ++fd) ::close(fd);
}

void reset_signals() {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) {
    ::sigaction(number, &plain, nullptr);  // SIGKILL's stays, whatever we ask
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// select() breaks above the 1024th descriptor, so that a raised limit is nobody's but ours. One
// that has been lowered since stays.
void limit_descriptors(rlim_t soft) {
  rlimit limits{};
  if (::getrlimit(RLIMIT_NOFILE, &limits) != 0 || limits.rlim_cur <= soft) return;
  limits.rlim_cur = soft;
  ::setrlimit(RLIMIT_NOFILE, &limits);
}

[[noreturn]] void run_child(const Prepared& prepared) {
  ::setsid();  // a group of its own, and no terminal to ask a password at
  reset_signals();
  // The error pipe first: it was opened above 2, and may lie where the others go.
  if (::dup2(prepared.input, STDIN_FILENO) < 0 || ::dup2(prepared.output, STDOUT_FILENO) < 0 ||
      ::dup2(prepared.output, STDERR_FILENO) < 0) {
    give_up(prepared.errors);
  }
  int errors = prepared.errors;
  if (errors != kErrorPipe) {
    if (::dup3(errors, kErrorPipe, O_CLOEXEC) < 0) give_up(errors);
    errors = kErrorPipe;
  }
  close_all_from(kErrorPipe + 1);
  limit_descriptors(prepared.descriptors);
  if (prepared.run_as != nullptr && !become(*prepared.run_as)) give_up(errors);
  ::execve(prepared.arguments.front(), prepared.arguments.data(), prepared.environment.data());
  give_up(errors);
}

struct Pipe {
  OwnedFd read, write;
};

// Above the standard streams, wherever those of ours are: the child puts its own there.
OwnedFd above_standard(OwnedFd fd) {
  if (fd.get() > STDERR_FILENO) return fd;
  OwnedFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kErrorPipe));
  if (!moved) throw_system_error("fcntl");
  return moved;
}

Pipe make_pipe(int flags) {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC | flags) != 0) throw_system_error("pipe2");
  OwnedFd read(fds[0]), write(fds[1]);
  return {above_standard(std::move(read)), above_standard(std::move(write))};
}

// No signal handler of ours may run in the child before its signals are reset.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// What was written before `exec` closed the pipe: nothing, or why there was none.
int failure_of_start(int errors) {
  int error_number = 0;
  for (;;) {
    const ssize_t got = ::read(errors, &error_number, sizeof error_number);
    if (got < 0 && errno == EINTR) continue;
    return got == static_cast<ssize_t>(sizeof error_number) ? error_number : 0;
  }
}

class Running {
 public:
  Running(pid_t pid, OwnedFd output, const ProcessOptions& options)
      : pid_(pid), output_(std::move(output)), options_(options) {}

  ProcessResult wait(const std::stop_token& stop) {
    const OwnedFd ended(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    const OwnedFd stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    const std::stop_callback on_stop(stop, [&stopped] {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t told = ::write(stopped.get(), &one, sizeof one);
    });
    if (!ended || !stopped) {
      signal_group(SIGKILL);
      reap();
      throw_system_error("pidfd_open");
    }
    until_end(ended.get(), stopped.get());
    if (result_.end != ProcessResult::End::exited) signal_group(SIGKILL);  // who is left of them
    reap();
    read_available();
    return std::move(result_);
  }

 private:
  // Its number is not given to another process before reap().
  void signal_group(int number) const { ::kill(-pid_, number); }

  void until_end(int ended, int stopped) {
    Steady::time_point deadline = Steady::now() + options_.limit;
    bool asked = false;  // SIGTERM was sent
    for (;;) {
      std::array<pollfd, 3> fds = {{{ended, POLLIN, 0},
                                    {asked ? -1 : stopped, POLLIN, 0},
                                    {output_ ? output_.get() : -1, POLLIN, 0}}};
      const auto left = std::chrono::ceil<milliseconds>(deadline - Steady::now());
      const int ready = ::poll(fds.data(), fds.size(),
                               static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
      if (ready < 0) fds = {};  // interrupted, or short of memory: the deadline still counts
      if (fds[2].revents != 0) read_available();
      if (fds[0].revents != 0) return;
      const bool canceled = fds[1].revents != 0;
      if (!canceled && Steady::now() < deadline) continue;
      if (asked) return;  // SIGKILL follows
      asked = true;
      result_.end = canceled ? ProcessResult::End::canceled : ProcessResult::End::timed_out;
      signal_group(SIGTERM);
      deadline = Steady::now() + options_.grace;
    }
  }

  // Until there is nothing more for now.
  void read_available() {
    std::array<char, 16384> buffer;
    // A program that writes for ever is read for ever by the loop above, not here.
    for (int rounds = 0; output_ && rounds < 64; ++rounds) {
      const ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return output_.reset();
      result_.output.append(buffer.data(), static_cast<std::size_t>(got));
      if (result_.output.size() <= options_.most_output) continue;
      result_.output.erase(0, result_.output.size() - options_.most_output);
      result_.cut = true;
    }
  }

  void reap() {
    int status = 0;
    pid_t reaped = -1;
    do {
      reaped = ::waitpid(pid_, &status, 0);
    } while (reaped < 0 && errno == EINTR);
    if (reaped != pid_) return;  // SIGCHLD is ignored in this process: how it ended is not known
    if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
    if (!WIFSIGNALED(status)) return;
    result_.signal = WTERMSIG(status);
    result_.exit_code = 128 + result_.signal;
    if (result_.end == ProcessResult::End::exited) result_.end = ProcessResult::End::signaled;
  }

  const pid_t pid_;
  OwnedFd output_;
  const ProcessOptions& options_;
  ProcessResult result_;
};

}  // namespace

RunAs RunAs::user_of(uid_t user, gid_t group) {
  RunAs result{user, group, {group}};
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return result;
  }
  result.group = entry.pw_gid;
  int count = 256;  // more than any system's own limit in practice; beyond, the rest is left out
  result.groups.resize(static_cast<std::size_t>(count));
  const int all = ::getgrouplist(entry.pw_name, entry.pw_gid, result.groups.data(), &count);
  result.groups.resize(static_cast<std::size_t>(all < 0 ? 256 : count));
  return result;
}

ProcessResult run_process(const ProcessOptions& options, std::stop_token stop) {
  if (options.arguments.empty()) {
    throw std::system_error(EINVAL, std::generic_category(), "no program");
  }
  Pipe output = make_pipe(O_NONBLOCK);
  // Only our end must not wait: programs take a full pipe that does not wait for a broken one.
  if (::fcntl(output.write.get(), F_SETFL, 0) != 0) throw_system_error("fcntl");
  Pipe errors = make_pipe(0);
  const OwnedFd input = above_standard(OwnedFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  if (!input) throw_system_error("open");
  const Prepared prepared{pointers(options.arguments),
                          pointers(options.environment),
                          options.run_as ? &*options.run_as : nullptr,
                          input.get(),
                          output.write.get(),
                          errors.write.get(),
                          inherited_descriptor_limit()};
  pid_t pid = -1;
  {
    const AllSignalsBlocked blocked;
    pid = ::fork();
    if (pid == 0) run_child(prepared);
  }
  if (pid < 0) throw_system_error("fork");
  output.write.reset();
  errors.write.reset();
  if (const int error_number = failure_of_start(errors.read.get()); error_number != 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw std::system_error(error_number, std::generic_category(), "execve");
  }
  return Running(pid, std::move(output.read), options).wait(stop);
}

}  // namespace autohttps
