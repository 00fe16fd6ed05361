#include <autohttps/server/tls/challenge_loads.h>

#include <utility>

namespace autohttps {

ChallengeLoads::~ChallengeLoads() {
  std::deque<Load> unanswered;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    unanswered.swap(waiting_);
  }
  changed_.notify_all();
  for (const Load& load : unanswered) load.ready(nullptr);
  for (std::thread& thread : threads_) thread.join();
}

bool ChallengeLoads::load(std::string_view name, Ready ready) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || waiting_.size() >= kMostWaiting) return false;
    if (idle_ <= waiting_.size() && threads_.size() < kMostAtOnce) {
      threads_.emplace_back([this] { run(); });
    }
    waiting_.push_back({std::string(name), std::move(ready)});
  }
  changed_.notify_one();
  return true;
}

void ChallengeLoads::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (ending_) return;
    const Load load = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    load.ready(answers_.tls_alpn(load.name));
    lock.lock();
  }
}

}  // namespace autohttps
