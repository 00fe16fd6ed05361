#include <autohttps/tools/autohttps/interruption.h>

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace autohttps::tools {
namespace {

sigset_t watched_signals(Interruption::Hangup hangup) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (hangup == Interruption::Hangup::calls) sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGUSR2);  // from the destructor: nothing to wait for any more
  return signals;
}

}  // namespace

Interruption::Interruption(Hangup hangup) : hangup_(hangup) {
  const sigset_t signals = watched_signals(hangup_);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::jthread([this](const std::stop_token& done) { watch(done); });
}

Interruption::~Interruption() {
  thread_.request_stop();
  pthread_kill(thread_.native_handle(), SIGUSR2);
}

void Interruption::set(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  call_ = std::move(call);
}

void Interruption::hang_up() {
  const std::lock_guard lock(mutex_);
  if (call_) call_();
}

void Interruption::watch(const std::stop_token& done) {
  const sigset_t signals = watched_signals(hangup_);
  constexpr int kExitBase = 128;
  while (!done.stop_requested()) {
    int number = 0;
    if (sigwait(&signals, &number) != 0 || number == SIGUSR2) continue;
    if (number == SIGHUP) {
      hang_up();
      continue;
    }
    if (stop_.stop_requested()) ::_exit(kExitBase + number);
    stop_.request_stop();
  }
}

}  // namespace autohttps::tools
