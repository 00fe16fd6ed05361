// What others have to tell to the thread that waits for a shard's events (not installed).
#pragma once

#include <autohttps/common/owned_fd.h>
#include <autohttps/server/engine/shard.h>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <exception>
#include <mutex>
#include <vector>

namespace autohttps {

// Thread-safe. Outlives the shard for those who still have something to tell.
struct Shard::Inbox {
  // What its own event is about, in place of a connection.
  static constexpr std::uint64_t kEvent = 0xffffffff00000000;
  struct Note {
    std::uint64_t id;
    std::uint32_t event;
  };
  explicit Inbox(int epoll_in) : epoll(::fcntl(epoll_in, F_DUPFD_CLOEXEC, 0)) {}

  const OwnedFd signal{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  const OwnedFd epoll;  // the shard's, which may have closed its own by now
  std::mutex mutex;     // guards notes
  std::vector<Note> notes;

  void tell(std::uint64_t id, std::uint32_t event) noexcept {
    bool first = false;
    try {
      const std::lock_guard lock(mutex);
      first = notes.empty();
      notes.push_back({id, event});
    } catch (const std::exception&) {
      return;  // no memory: its deadline finds it
    }
    if (first) wake();
  }
  // A write is an edge. Where writing fails, as a sandbox or an injected fault makes it, looking at
  // the descriptor anew is one as well: it can always be written to.
  void wake() const noexcept {
    const std::uint64_t one = 1;
    if (::write(signal.get(), &one, sizeof one) == sizeof one) return;
    watch(EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
  }
  bool watch(int operation, std::uint32_t events) const noexcept {
    epoll_event event{};
    event.events = events | EPOLLET;  // nobody has to read it
    event.data.u64 = kEvent;
    return ::epoll_ctl(epoll.get(), operation, signal.get(), &event) == 0;
  }
};

}  // namespace autohttps
