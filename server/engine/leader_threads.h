// Who waits for the network, who runs handlers: one leads, and gives the lead away before it may
// wait for anything else.
#pragma once

#include <autohttps/server/engine/counters.h>

#include <sys/epoll.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace autohttps {

// Thread-safe. Threads on one epoll descriptor. The leader takes events in batches and handles each
// to its end, handlers included: no queue, no wake-up, no second thread for a request that is
// quick. What is slow gives the lead, and the rest of the batch, to another thread; what nobody
// foresaw is noticed by a monitor, which sleeps while nothing happens. Threads are started as they
// are needed, up to a bound, and end when they have had nothing to do for a while.
class LeaderThreads {
 public:
  struct Work {
    virtual ~Work() = default;
    virtual int wait_ms() noexcept = 0;  // for epoll_wait; -1: as long as it takes
    // What else there is to do, as events; each is handled like one of epoll's.
    virtual void collect(std::vector<epoll_event>&) noexcept = 0;
    virtual void handle(const epoll_event&) noexcept = 0;
    virtual void run(std::uint64_t job) noexcept = 0;  // see queue()
  };

  LeaderThreads(int epoll, Work&, Counters&, std::size_t most_busy, std::size_t longest_queue);
  ~LeaderThreads();  // stopped before, if it was started

  bool start() noexcept;  // false: no thread to be had
  // Returns when all threads have ended, handlers included. `wake` makes the descriptor readable.
  void stop(const std::function<void()>& wake) noexcept;

  // True: the calling thread does not lead (any more). False: there is nobody to take the lead.
  bool give_away() noexcept;
  // False: as many handlers as may be are waiting already; another one has to be queued, since it
  // would hold up everything.
  bool may_run() const noexcept;
  bool queue(std::uint64_t job);  // false: full

 private:
  static void* enter(void*);
  void work();
  void lead(std::unique_lock<std::mutex>&);
  bool take_batch(std::unique_lock<std::mutex>&);
  void watch();
  bool pass_lead_on();                  // under mutex_
  bool start_thread(void* (*)(void*));  // under mutex_

  const int epoll_;
  Work& work_;
  Counters& counters_;
  const std::size_t most_busy_;
  const std::size_t longest_queue_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::condition_variable monitor_wanted_;
  std::deque<std::uint64_t> jobs_;
  std::vector<epoll_event> batch_;  // the leader's; handed on with the lead
  std::size_t next_ = 0;            // of batch_
  std::uint64_t epoch_ = 0;         // a leadership each
  std::uint64_t handled_ = 0;
  bool led_ = false;
  bool in_event_ = false;  // the leader is handling, not waiting
  bool monitor_sleeps_ = false;
  bool stopping_ = false;
  std::size_t busy_ = 0;  // threads that run handlers without the lead
  std::size_t idle_ = 0;
  std::size_t threads_ = 0;  // with the monitor
};

}  // namespace autohttps
