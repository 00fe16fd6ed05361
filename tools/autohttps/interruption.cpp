#include <autohttps/tools/autohttps/interruption.h>

#include <pthread.h>
#include <unistd.h>

#include <csignal>

namespace autohttps::tools {
namespace {

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR2);  // from the destructor: nothing to wait for any more
  return signals;
}

}  // namespace

Interruption::Interruption() {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::jthread([this](const std::stop_token& done) { watch(done); });
}

Interruption::~Interruption() {
  thread_.request_stop();
  pthread_kill(thread_.native_handle(), SIGUSR2);
}

void Interruption::watch(const std::stop_token& done) {
  const sigset_t signals = stop_signals();
  constexpr int kExitBase = 128;
  while (!done.stop_requested()) {
    int number = 0;
    if (sigwait(&signals, &number) != 0 || number == SIGUSR2) continue;
    if (stop_.stop_requested()) ::_exit(kExitBase + number);
    stop_.request_stop();
  }
}

}  // namespace autohttps::tools
