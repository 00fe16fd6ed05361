// The connections of one epoll descriptor (not installed).
#pragma once

#include <autohttps/server/engine/coarse_clock.h>
#include <autohttps/server/engine/connection.h>
#include <autohttps/server/engine/counters.h>
#include <autohttps/server/engine/deadlines.h>
#include <autohttps/server/engine/leader_threads.h>
#include <autohttps/server/engine/limits.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace autohttps {

// What all shards of an engine share.
struct EngineShared {
  const EngineLimits limits;
  RequestSink& sink;
  Counters& counters;
  AddressCounts addresses{};
  AddressCounts handshaking{};  // of these, before their handshake's end
  std::atomic<bool> draining{false};
  std::atomic<bool> cut{false};  // drained for long enough: what is left ends now

  std::mutex mutex{};                 // for changed
  std::condition_variable changed{};  // while draining: a connection ended
  void tell_changed() noexcept {
    const std::lock_guard lock(mutex);
    changed.notify_all();
  }
};

// Thread-safe.
class Shard final : private LeaderThreads::Work {
 public:
  // Told of a listening socket that is readable.
  using Listener = std::function<void(std::size_t which)>;

  Shard(EngineShared&, std::size_t shards);
  ~Shard() override;

  bool start() noexcept;
  void stop() noexcept;  // when no connection is left, or none shall be waited for

  // Takes the connection and what its address and the counters have been charged with.
  bool adopt(Connection::Arrival);
  bool watch_listener(int fd, std::size_t which) noexcept;
  void forget_listener(int fd) noexcept;
  void on_listener(Listener listener) { listener_ = std::move(listener); }  // before start()
  // After so many milliseconds the listener is called for `which`, once.
  void listen_again(std::size_t which, std::int64_t after);

  void nudge_all();   // draining has begun, or what is left is to be cut
  bool evict_idle();  // closes a connection that waits for its next request

  // ---- for connections
  const EngineLimits& limits() const noexcept { return shared_.limits; }
  RequestSink& sink() noexcept { return shared_.sink; }
  void count(Count what) noexcept { shared_.counters.add(what); }
  void note_handshake(const Connection&, bool good) noexcept;
  void note_request() noexcept;
  void note_answer(int status, std::uint64_t bytes, bool of_request) noexcept;
  bool is_cut() const noexcept { return shared_.cut.load(std::memory_order_relaxed); }
  bool is_draining() const noexcept { return shared_.draining.load(std::memory_order_relaxed); }
  static std::int64_t now() noexcept { return coarse_milliseconds(); }
  void remind(Connection&, std::int64_t at) noexcept;
  void watch_output(Connection&) noexcept;
  bool watch(const Connection&, int other, WatchTag&) noexcept;
  std::function<void()> nudge_later(const Connection&);
  void nudge(const Connection&) noexcept;  // by its owner: again, after others' turn
  void resume(Connection&) noexcept;
  bool may_run() const noexcept { return threads_.may_run(); }
  bool queue(Connection&);

 private:
  // Outlives the shard for those who still have something to tell.
  struct Inbox;
  static constexpr std::uint32_t kPerChunk = 256;
  static constexpr std::uint32_t kFew = 16;      // divides it
  static constexpr std::size_t kChunks = 4'096;  // a million connections
  using Chunk = std::array<std::unique_ptr<Connection>, kPerChunk>;

  int wait_ms() noexcept override;
  void collect(std::vector<epoll_event>&) noexcept override;
  void handle(const epoll_event&) noexcept override;
  void run(std::uint64_t job) noexcept override;

  Connection* find(std::uint64_t id) const noexcept;
  Connection* free_connection();
  void process(Connection&, unsigned what) noexcept;
  void close(Connection&) noexcept;
  void remind(std::uint64_t who, std::int64_t at);
  void note_reminder(Connection&) noexcept;
  void remind_again(Connection&) noexcept;

  EngineShared& shared_;
  OwnedFd epoll_;
  const std::shared_ptr<Inbox> inbox_;
  Deadlines deadlines_;
  std::atomic<std::int64_t> sleeps_until_{0};  // the leader, in steady milliseconds; 0: awake
  Listener listener_;

  std::array<std::atomic<Chunk*>, kChunks> chunks_{};
  std::mutex mutex_;  // guards free_ and the making of chunks
  std::vector<std::unique_ptr<Chunk>> owned_;
  std::vector<std::uint32_t> free_;
  std::atomic<std::uint32_t> made_{0};
  std::atomic<std::uint32_t> hand_{0};  // of evict_idle()
  std::vector<std::uint64_t> due_;      // collect()'s own

  LeaderThreads threads_;  // last: its threads use the rest
};

}  // namespace autohttps
