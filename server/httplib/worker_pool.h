// Threads for connections: as many as there is work for, up to a bound; none when there is none.
#pragma once

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps {

// Thread-safe. Jobs beyond the bound wait their turn; `waiting` tells how many do.
class WorkerPool final : public httplib::TaskQueue {
 public:
  explicit WorkerPool(std::size_t most, std::shared_ptr<std::atomic<std::size_t>> waiting);
  ~WorkerPool() override;

  // void before cpp-httplib 0.15, bool since.
  using EnqueueResult =
      decltype(std::declval<httplib::TaskQueue&>().enqueue(std::function<void()>()));
  EnqueueResult enqueue(std::function<void()> job) override;
  void shutdown() override;  // does what is queued, then joins

 private:
  void work(std::size_t slot);
  void start_thread();

  const std::size_t most_;
  const std::shared_ptr<std::atomic<std::size_t>> waiting_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;   // a slot each; joinable or free
  std::vector<std::size_t> finished_;  // slots whose thread has ended, to be joined
  std::size_t running_ = 0;
  std::size_t idle_ = 0;
  bool shut_down_ = false;
};

}  // namespace autohttps
