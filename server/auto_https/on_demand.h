// Certificates that are had when a client first asks for a name.
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/event.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace autohttps {

// Anybody can ask for any name, so somebody has to say which are ours: without both it is off.
struct OnDemandOptions {
  // "shop.example.com", "*.shops.example.com" (one label). Empty: all that `permits` says yes to.
  std::vector<std::string> names{};
  // Asked for each new name that `names` lets through, on a thread of its own; may take its time.
  // Empty: `names` are enough. Throws when it cannot be known now: what is there stays, nothing new
  // is had.
  std::function<bool(const std::string& name)> permits{};
  std::size_t most_per_hour = 20;  // certificates begun, beside the CA's own limits

  bool is_on() const noexcept { return !names.empty() || permits; }
};

// Thread-safe. Threads of its own, none before somebody asks. A name that was refused, or could not
// be had, is not tried again for a while, whoever asks.
class OnDemand {
 public:
  // Gets and installs the certificate of a name, whatever time it takes; empty, or why there is
  // none. Ends early when we do.
  using Obtain = std::function<std::string(const std::string& name)>;

  // Throws Error(config): a pattern that is none.
  OnDemand(OnDemandOptions, Obtain, const Clock&, EventSink);
  ~OnDemand();           // stop()
  void stop() noexcept;  // who waits is answered

  // Never waits. True: `ready` runs exactly once, on another thread, when it is known what becomes
  // of it. False: nothing will.
  bool want(std::string_view server_name, std::function<void()> ready);

  // May it (still) be had? Asks permits(). Throws what that throws.
  bool is_permitted(const std::string& name) const;

  static constexpr std::size_t kMostAtOnce = 4;
  static constexpr std::size_t kMostNames = 64;     // waiting or under way
  static constexpr std::size_t kMostWaiters = 256;  // handshakes, of all names
  // Of one: they wait no longer than a handshake may, but are counted until its order ends.
  static constexpr std::size_t kMostWaitersOfOne = 64;
  static constexpr std::size_t kMostRemembered = 4'096;
  static constexpr std::chrono::minutes kRefusedFor{5};
  static constexpr std::chrono::minutes kFailedFor{60};

 private:
  bool matches(const std::string& name) const;
  bool may_begin(SteadyTime now);
  void run();
  std::string get(const std::string& name, std::chrono::minutes& remembered);
  void remember(const std::string& name, std::chrono::minutes span);

  const OnDemandOptions options_;
  const Obtain obtain_;
  const Clock& clock_;
  const EventSink events_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  std::map<std::string, std::vector<std::function<void()>>> waiting_;  // and under way, by name
  std::size_t waiters_ = 0;
  std::map<std::string, SteadyTime, std::less<>> no_more_;  // names, until when
  std::deque<SteadyTime> begun_;                            // in the last hour
  bool told_budget_ = false;                                // that it is used up, once each time
  std::size_t idle_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace autohttps
