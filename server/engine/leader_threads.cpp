#include <autohttps/server/engine/event_round.h>
#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/engine/leader_threads.h>

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace autohttps {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::chrono::milliseconds kTick{5};  // a faster monitor costs a tenth of a handshake
constexpr int kQuietTicks = 3;
constexpr std::chrono::seconds kIdle{10};
// Address space, not memory. std::regex routes recurse as deep as a path is long.
constexpr std::size_t kStack = 64U << 20;

// The leadership that the calling thread has, or had.
thread_local LeaderThreads* led_by_us = nullptr;
thread_local std::uint64_t our_epoch = 0;

}  // namespace

bool give_lead_away() noexcept { return led_by_us == nullptr || led_by_us->give_away(); }

LeaderThreads::LeaderThreads(int epoll, Work& work, Counters& counters, std::size_t most_busy,
                             std::size_t longest_queue)
    : epoll_(epoll),
      work_(work),
      counters_(counters),
      most_busy_(std::max<std::size_t>(most_busy, 1)),
      longest_queue_(longest_queue) {}

LeaderThreads::~LeaderThreads() = default;

bool LeaderThreads::start() noexcept {
  const std::lock_guard lock(mutex_);
  batch_.reserve(kBatch);
  const bool started = start_thread(&LeaderThreads::enter);
  return started && start_thread([](void* self) -> void* {
           static_cast<LeaderThreads*>(self)->watch();
           return nullptr;
         });
}

void LeaderThreads::stop(const std::function<void()>& wake) noexcept {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  wake();
  changed_.notify_all();
  monitor_wanted_.notify_all();
  changed_.wait(lock, [this] { return threads_ == 0; });
}

bool LeaderThreads::start_thread(void* (*entry)(void*)) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread{};
  const bool started = pthread_create(&thread, &attributes, entry, this) == 0;
  pthread_attr_destroy(&attributes);
  if (started) {
    ++threads_;
    counters_.threads.fetch_add(1, std::memory_order_relaxed);
  }
  return started;
}

void* LeaderThreads::enter(void* self) {
  static_cast<LeaderThreads*>(self)->work();
  return nullptr;
}

void LeaderThreads::work() {
  led_by_us = this;
  std::unique_lock lock(mutex_);
  while (true) {
    if (!jobs_.empty() && busy_ < most_busy_) {
      const std::uint64_t job = jobs_.front();
      jobs_.pop_front();
      ++busy_;
      our_epoch = 0;
      lock.unlock();
      work_.run(job);
      lock.lock();
      --busy_;
    } else if (stopping_) {
      break;
    } else if (!led_) {
      lead(lock);
    } else {
      ++idle_;
      // What it does not wait for it must be able to do: else it would go round with the lock held.
      const bool wanted = changed_.wait_for(lock, kIdle, [this] {
        return stopping_ || !led_ || (!jobs_.empty() && busy_ < most_busy_);
      });
      --idle_;
      if (!wanted && idle_ > 0) break;  // one stays, so that a lead can be passed on at once
    }
  }
  led_by_us = nullptr;
  --threads_;
  counters_.threads.fetch_sub(1, std::memory_order_relaxed);
  changed_.notify_all();
}

void LeaderThreads::lead(std::unique_lock<std::mutex>& lock) {
  led_ = true;
  const std::uint64_t epoch = ++epoch_;
  our_epoch = epoch;
  while (true) {
    if (next_ == batch_.size()) {
      if (!take_batch(lock)) {
        led_ = false;
        return;
      }
      continue;
    }
    const epoll_event event = batch_[next_++];
    in_event_ = true;
    ++handled_;
    if (monitor_sleeps_) {
      monitor_sleeps_ = false;
      monitor_wanted_.notify_one();
    }
    lock.unlock();
    work_.handle(event);
    lock.lock();
    if (epoch_ != epoch) {
      leave_event_round();
      --busy_;  // counted when the lead went
      return;
    }
    in_event_ = false;
  }
}

// False: stopping.
bool LeaderThreads::take_batch(std::unique_lock<std::mutex>& lock) {
  leave_event_round();
  if (stopping_) return false;
  lock.unlock();
  batch_.resize(kBatch);  // nobody else touches it while there is nothing in it to be handled
  const int count = ::epoll_wait(epoll_, batch_.data(), static_cast<int>(kBatch), work_.wait_ms());
  begin_event_round();
  batch_.resize(static_cast<std::size_t>(std::max(count, 0)));
  work_.collect(batch_);
  lock.lock();
  next_ = 0;
  return true;
}

bool LeaderThreads::give_away() noexcept {
  leave_event_round();
  const std::lock_guard lock(mutex_);
  return !led_ || epoch_ != our_epoch || pass_lead_on();
}

bool LeaderThreads::pass_lead_on() {
  if (busy_ >= most_busy_) return false;
  if (idle_ == 0 && !start_thread(&LeaderThreads::enter)) return false;
  ++epoch_;
  ++busy_;
  led_ = false;
  in_event_ = false;
  changed_.notify_one();
  return true;
}

bool LeaderThreads::may_run() const noexcept {
  const std::lock_guard lock(mutex_);
  return busy_ < most_busy_;
}

bool LeaderThreads::queue(std::uint64_t job) {
  const std::lock_guard lock(mutex_);
  if (jobs_.size() >= longest_queue_) return false;
  jobs_.push_back(job);
  changed_.notify_one();
  return true;
}

void LeaderThreads::watch() {
  std::unique_lock lock(mutex_);
  std::uint64_t seen = 0;
  int quiet = 0;
  while (!stopping_) {
    if (quiet >= kQuietTicks) {
      monitor_sleeps_ = true;
      monitor_wanted_.wait(lock, [this] { return !monitor_sleeps_ || stopping_; });
      quiet = 0;
    }
    monitor_wanted_.wait_for(lock, kTick, [this] { return stopping_; });
    const bool same = handled_ == seen;
    if (same && in_event_ && pass_lead_on()) counters_.add(Count::handed_over);
    quiet = same ? quiet + 1 : 0;
    seen = handled_;
  }
  --threads_;
  counters_.threads.fetch_sub(1, std::memory_order_relaxed);
  changed_.notify_all();
}

}  // namespace autohttps
