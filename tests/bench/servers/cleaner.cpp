#include <autohttps/tests/bench/servers/cleaner.h>

#include <pthread.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <thread>

namespace autohttps::bench {
namespace {

sigset_t ends() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, number);
  return set;
}

}  // namespace

Cleaner::Cleaner(std::filesystem::path folder) : folder_(std::move(folder)) {
  const sigset_t set = ends();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread([this] { wait_for_signal(); }).detach();  // it ends with the process
}

void Cleaner::add(pid_t group) {
  const std::lock_guard lock(mutex_);
  groups_.insert(group);
}

void Cleaner::remove(pid_t group) {
  const std::lock_guard lock(mutex_);
  groups_.erase(group);
}

void Cleaner::wait_for_signal() {
  const sigset_t set = ends();
  int number = SIGTERM;
  ::sigwait(&set, &number);
  mutex_.lock();  // for good: nobody starts another one
  for (const pid_t group : groups_) ::kill(-group, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0) {  // so that nothing of ours writes to the folder any more
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  std::_Exit(128 + number);
}

}  // namespace autohttps::bench
