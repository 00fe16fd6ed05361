#include <autohttps/tools/autohttps/interruption.h>

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace autohttps::tools {
namespace {

sigset_t watched_signals(Interruption::Others others) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (others == Interruption::Others::call) {
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGUSR1);
  }
  sigaddset(&signals, SIGUSR2);  // from the destructor: nothing to wait for any more
  return signals;
}

}  // namespace

Interruption::Interruption(Others others) : others_(others) {
  const sigset_t signals = watched_signals(others_);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::jthread([this](const std::stop_token& done) { watch(done); });
}

Interruption::~Interruption() {
  thread_.request_stop();
  pthread_kill(thread_.native_handle(), SIGUSR2);
}

void Interruption::set(int number, std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  calls_[number] = std::move(call);
}

void Interruption::call(int number) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(number);
  if (found != calls_.end() && found->second) found->second();
}

void Interruption::watch(const std::stop_token& done) {
  const sigset_t signals = watched_signals(others_);
  constexpr int kExitBase = 128;
  while (!done.stop_requested()) {
    int number = 0;
    if (sigwait(&signals, &number) != 0 || number == SIGUSR2) continue;
    if (number == SIGHUP || number == SIGUSR1) {
      call(number);
      continue;
    }
    if (stop_.stop_requested()) ::_exit(kExitBase + number);
    stop_.request_stop();
  }
}

}  // namespace autohttps::tools
