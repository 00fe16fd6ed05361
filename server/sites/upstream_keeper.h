// Looks after upstreams beside the requests: closes connections that have been idle for long, looks
// up names anew, checks who is well (not installed).
#pragma once

#include <autohttps/server/sites/proxy_relay.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace autohttps {

// Thread-safe. Has a thread from when there is something to look after; it sleeps while there is
// not.
class UpstreamKeeper final : public PoolKeeper {
 public:
  explicit UpstreamKeeper(std::shared_ptr<UpstreamGroup>,
                          std::chrono::milliseconds round = std::chrono::seconds(5));
  ~UpstreamKeeper() override;

  void wake() noexcept override;
  void stop() noexcept;  // for good; nothing is kept any more

 private:
  void run();
  bool look();  // true: there will be more to do

  const std::shared_ptr<UpstreamGroup> group_;
  const std::chrono::milliseconds round_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> touched_{false};  // something is kept since it looked
  std::atomic<bool> sleeps_{true};    // until it is woken; at first there is no thread
  std::mutex mutex_;                  // guards what follows
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace autohttps
