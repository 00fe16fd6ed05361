#include <autohttps/server/httplib/worker_pool.h>

#include <chrono>
#include <system_error>

namespace autohttps {
namespace {

constexpr std::chrono::seconds kIdleThreadEnds{10};

}  // namespace

WorkerPool::WorkerPool(std::size_t most, std::shared_ptr<std::atomic<std::size_t>> waiting)
    : most_(most), waiting_(std::move(waiting)), threads_(most) {}

WorkerPool::~WorkerPool() { shutdown(); }

WorkerPool::EnqueueResult WorkerPool::enqueue(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (jobs_.size() > idle_ && running_ < most_) start_thread();
  *waiting_ = jobs_.size() > idle_ ? jobs_.size() - idle_ : 0;
  changed_.notify_one();
  return static_cast<EnqueueResult>(true);
}

// Under mutex_. Without a new thread the job waits for one that is there, or for the next try.
void WorkerPool::start_thread() {
  for (const std::size_t slot : finished_) threads_[slot].join();  // past its last look at us
  finished_.clear();
  for (std::size_t slot = 0; slot < most_; ++slot) {
    if (threads_[slot].joinable()) continue;
    try {
      threads_[slot] = std::thread([this, slot] { work(slot); });
      ++running_;
      ++idle_;
    } catch (const std::system_error&) {
    }
    return;
  }
}

void WorkerPool::work(std::size_t slot) {
  std::unique_lock lock(mutex_);
  while (true) {
    const bool woken =
        changed_.wait_for(lock, kIdleThreadEnds, [this] { return shut_down_ || !jobs_.empty(); });
    if (!woken || jobs_.empty()) break;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    --idle_;
    *waiting_ = jobs_.size() > idle_ ? jobs_.size() - idle_ : 0;
    lock.unlock();
    try {
      job();
    } catch (...) {
      // One connection's trouble (memory, a handler's exception that nothing caught) ends that one.
    }
    lock.lock();
    ++idle_;
  }
  --idle_;
  --running_;
  finished_.push_back(slot);
}

void WorkerPool::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    shut_down_ = true;
    if (!jobs_.empty() && running_ == 0) start_thread();
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace autohttps
