#include <autohttps/tools/autohttps/first_process.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>

namespace autohttps::tools {
namespace {

constexpr int kPassedOn[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  for (const int number : kPassedOn) sigaddset(&signals, number);
  return signals;
}

// Empty: `child` goes on.
std::optional<int> take_in_the_dead(pid_t child) {
  std::optional<int> code;
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended < 0 && errno == EINTR) continue;
    if (ended <= 0) return code;
    if (ended != child) continue;
    constexpr int kSignalBase = 128;
    code = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
  }
}

}  // namespace

int run_as_first_process(const std::function<int()>& work) {
  const sigset_t signals = watched_signals();
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &signals, &before);  // what comes from now on waits
  const pid_t child = ::fork();
  if (child < 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return work();  // without the duties, which is better than not at all
  }
  if (child == 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return work();
  }
  for (;;) {
    siginfo_t about{};
    const int number = ::sigwaitinfo(&signals, &about);
    if (number == SIGCHLD) {
      if (const auto code = take_in_the_dead(child)) return *code;
    } else if (number > 0 && about.si_code != SI_KERNEL) {  // a terminal's go to the child as well
      ::kill(child, number);
    }
  }
}

}  // namespace autohttps::tools
