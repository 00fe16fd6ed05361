#include <autohttps/server/engine/shard.h>
#include <autohttps/server/engine/shard_inbox.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <thread>
#include <utility>

namespace autohttps {
namespace {

// What an event is about: the upper half of its data a connection's index, the lower its
// generation; or one of these, which no index is.
constexpr std::uint64_t kSpecial = 0xffffffff00000000;  // the inbox's
constexpr std::uint64_t kListener = kSpecial + 1;       // and following: which
// Beside a connection's index, which is far smaller: about what it watches beside its socket.
constexpr std::uint64_t kOther = std::uint64_t{1} << 63;

// Of events that are not epoll's, in bits that epoll does not use.
constexpr std::uint32_t kDueEvent = 1U << 24;
constexpr std::uint32_t kNudgeEvent = 1U << 25;
constexpr std::uint32_t kResumeEvent = 1U << 26;

// ms: half of what the wheel of reminders is round, for it may be turned late.
constexpr std::int64_t kFurthestReminder = 64'000;

constexpr std::uint32_t kInput = EPOLLIN | EPOLLRDHUP | EPOLLET;

// Of Connection::owner: nobody's; somebody's; and what has happened since, for its owner to see to.
constexpr std::uint32_t kFree = 0;
constexpr std::uint32_t kOwned = 1;
constexpr std::uint32_t kLookAgain = 2;
constexpr std::uint32_t kHasEnded = 4;

// False: somebody has it, and was told.
bool take(std::atomic<std::uint32_t>& owner, std::uint32_t told) noexcept {
  std::uint32_t seen = kFree;
  while (!owner.compare_exchange_weak(seen, seen == kFree ? kOwned : seen | told,
                                      std::memory_order_acq_rel)) {
  }
  return seen == kFree;
}

// False: something has happened meanwhile; it is still ours, and `what` says it.
bool give_back(std::atomic<std::uint32_t>& owner, unsigned& what) noexcept {
  std::uint32_t owned = kOwned;
  if (owner.compare_exchange_strong(owned, kFree, std::memory_order_acq_rel)) return true;
  const std::uint32_t told = owner.exchange(kOwned, std::memory_order_acq_rel);
  what = Connection::kSocket | Connection::kDue;  // whatever it was
  if ((told & kHasEnded) != 0) what |= Connection::kEnded;
  return false;
}

bool says_ended(std::uint32_t events) { return (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0; }

std::uint64_t id_of(const Connection& connection) {
  return std::uint64_t{connection.index} << 32 | connection.generation.load();
}

}  // namespace

Shard::Shard(EngineShared& shared, std::size_t shards)
    : shared_(shared),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      inbox_(std::make_shared<Inbox>(epoll_.get())),
      deadlines_(now()),
      threads_(epoll_.get(), *this, shared.counters,
               std::max<std::size_t>(shared.limits.threads / shards, 1),
               std::max<std::size_t>(shared.limits.queue / shards, 1)) {}

Shard::~Shard() { stop(); }

bool Shard::start() noexcept {
  return epoll_ && inbox_->epoll && inbox_->signal && inbox_->watch(EPOLL_CTL_ADD, EPOLLIN) &&
         threads_.start();
}

void Shard::stop() noexcept {
  threads_.stop([this] { inbox_->wake(); });
  for (std::uint32_t index = 0; index < made_; ++index) {
    Connection* const connection = find(std::uint64_t{index} << 32);
    if (connection != nullptr && connection->fd() >= 0) close(*connection);
  }
}

// ---- connections

Connection* Shard::find(std::uint64_t id) const noexcept {
  const auto index = static_cast<std::size_t>(id >> 32);
  if (index >= kChunks * kPerChunk) return nullptr;
  Chunk* const chunk = chunks_[index / kPerChunk].load(std::memory_order_acquire);
  return chunk == nullptr ? nullptr : (*chunk)[index % kPerChunk].get();
}

Connection* Shard::free_connection() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    const std::uint32_t index = made_;
    if (index >= kChunks * kPerChunk) return nullptr;
    if (owned_.size() * kPerChunk == index) {
      owned_.push_back(std::make_unique<Chunk>());
      chunks_[index / kPerChunk].store(owned_.back().get(), std::memory_order_release);
    }
    free_.reserve(owned_.size() * kPerChunk);  // so that close() never allocates
    // A few for who has few clients, such as a command that answers a CA; then a chunk at a time.
    const std::uint32_t count = index < kPerChunk ? kFew : kPerChunk;
    for (std::uint32_t i = index; i < index + count; ++i) {
      auto connection = std::make_unique<Connection>(*this);
      connection->index = i;
      (*owned_.back())[i % kPerChunk] = std::move(connection);
    }
    for (std::uint32_t i = count; i > 0; --i) free_.push_back(index + i - 1);
    made_ = index + count;
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  return find(std::uint64_t{index} << 32);
}

bool Shard::adopt(Connection::Arrival arrival) {
  Connection* const connection = free_connection();
  if (connection == nullptr) return false;
  // Ours until the events are on. A late event of its former life may hold it for a moment.
  std::uint32_t free = kFree;
  while (!connection->owner.compare_exchange_weak(free, kOwned, std::memory_order_acq_rel)) {
    free = kFree;
    std::this_thread::yield();
  }
  const bool opened = connection->open(std::move(arrival));
  epoll_event event{};
  event.events = kInput;
  event.data.u64 = id_of(*connection);
  if (!opened || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection->fd(), &event) != 0) {
    close(*connection);
    return true;  // taken, and over
  }
  unsigned what = 0;
  if (!give_back(connection->owner, what)) {
    // Something has come already. Not here: whoever accepts holds a lock, and a handler may wait.
    const bool ended = (what & Connection::kEnded) != 0;
    inbox_->tell(event.data.u64, kResumeEvent | EPOLLIN | (ended ? EPOLLRDHUP : 0U));
  }
  return true;
}

void Shard::note_handshake(const Connection& connection, bool good) noexcept {
  shared_.handshaking.remove(connection.address());
  count(good ? Count::handshakes : Count::failed_handshakes);
  shared_.counters.handshaking.fetch_sub(1, std::memory_order_relaxed);
}

void Shard::note_request() noexcept {
  count(Count::requests);
  shared_.counters.in_flight.fetch_add(1, std::memory_order_relaxed);
}

// `of_request`: note_request() was called for it.
void Shard::note_answer(int status, std::uint64_t bytes, bool of_request) noexcept {
  shared_.counters.note_answer(status, bytes);
  if (of_request) shared_.counters.in_flight.fetch_sub(1, std::memory_order_relaxed);
}

// By its owner.
void Shard::close(Connection& connection) noexcept {
  if (connection.in_handshake()) note_handshake(connection, false);
  connection.generation.fetch_add(1, std::memory_order_relaxed);
  shared_.addresses.remove(connection.address());
  connection.close();
  shared_.counters.open.fetch_sub(1, std::memory_order_relaxed);
  connection.owner.exchange(kFree, std::memory_order_acq_rel);  // sees what others noted
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(connection.index);
  }
  if (is_draining()) shared_.tell_changed();
}

// By its owner, who gives it back.
void Shard::process(Connection& connection, unsigned what) noexcept {
  while (true) {
    // A late event may have been for a connection that is over.
    switch (connection.fd() < 0 ? Connection::Next::wait : connection.advance(what)) {
      case Connection::Next::kept:
        return;
      case Connection::Next::over:
        close(connection);
        return;
      case Connection::Next::wait:
        break;
    }
    if ((what & Connection::kDue) != 0) remind_again(connection);
    if (give_back(connection.owner, what)) return;
  }
}

// In one piece: told of each by itself, the leader would be woken for each.
void Shard::nudge_all() {
  try {
    const std::lock_guard lock(inbox_->mutex);
    for (std::uint32_t index = 0; index < made_; ++index) {
      const Connection* const connection = find(std::uint64_t{index} << 32);
      inbox_->notes.push_back({id_of(*connection), kNudgeEvent});
    }
  } catch (const std::exception&) {
    // No memory: the rest is found by its deadline.
  }
  inbox_->wake();
}

bool Shard::evict_idle() {
  constexpr int kLooks = 1'024;
  for (int look = 0; look < kLooks && made_ > 0; ++look) {
    const std::uint32_t index = hand_++ % made_;
    Connection* const connection = find(std::uint64_t{index} << 32);
    if (!connection->is_idle.load(std::memory_order_relaxed)) continue;
    std::uint32_t free = kFree;
    if (!connection->owner.compare_exchange_strong(free, kOwned, std::memory_order_acq_rel)) {
      continue;
    }
    if (connection->is_idle.load(std::memory_order_relaxed)) {
      count(Count::evicted);
      close(*connection);
      return true;
    }
    inbox_->tell(id_of(*connection), kResumeEvent);  // not here, under the lock of who accepts
  }
  return false;
}

// ---- for connections

void Shard::remind(Connection& connection, std::int64_t at) noexcept {
  at = std::min(at, now() + kFurthestReminder);
  connection.reminder.store(at, std::memory_order_relaxed);
  try {
    remind(id_of(connection), at);
  } catch (const std::exception&) {
    // No memory: the next deadline that it is given tries again.
    connection.reminder.store(Connection::kNever, std::memory_order_relaxed);
  }
}

// A leader asleep does not know of a reminder that comes from somebody else.
void Shard::remind(std::uint64_t who, std::int64_t at) {
  deadlines_.remind(who, at, now());
  if (at < sleeps_until_.load(std::memory_order_relaxed)) inbox_->wake();
}

// A reminder has come, and its deadline has moved away.
void Shard::remind_again(Connection& connection) noexcept {
  const std::int64_t deadline = connection.deadline.load(std::memory_order_relaxed);
  if (deadline == Connection::kNever ||
      connection.reminder.load(std::memory_order_relaxed) != Connection::kNever) {
    return;
  }
  remind(connection, deadline);
}

void Shard::watch_output(Connection& connection) noexcept {
  if (connection.watches_output) return;
  epoll_event event{};
  event.events = kInput | EPOLLOUT;
  event.data.u64 = id_of(connection);
  connection.watches_output =
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd(), &event) == 0;
}

bool Shard::watch(const Connection& connection, int other, WatchTag& tag) noexcept {
  epoll_event event{};
  event.events = kInput | EPOLLOUT;
  event.data.u64 = id_of(connection) | kOther;
  if (tag.where == this && tag.whom == event.data.u64) return true;
  // Another connection may have watched it before: its late events find nobody.
  const bool known = tag.where == this;
  if (::epoll_ctl(epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, other, &event) != 0 &&
      (errno != EEXIST || ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, other, &event) != 0)) {
    return false;
  }
  tag = {this, event.data.u64};
  return true;
}

std::function<void()> Shard::nudge_later(const Connection& connection) {
  return [inbox = inbox_, id = id_of(connection)] { inbox->tell(id, kNudgeEvent); };
}

void Shard::nudge(const Connection& connection) noexcept {
  inbox_->tell(id_of(connection), kNudgeEvent);
}

void Shard::resume(Connection& connection) noexcept {
  inbox_->tell(id_of(connection), kResumeEvent);
}

bool Shard::queue(Connection& connection) { return threads_.queue(id_of(connection)); }

// ---- the leader's work

int Shard::wait_ms() noexcept {
  // First, so that whoever puts something into the wheel behind our look at it wakes us.
  sleeps_until_.store(Connection::kNever, std::memory_order_relaxed);
  const std::int64_t begin = now();
  const int wait = deadlines_.wait(begin);
  if (wait >= 0) sleeps_until_.store(begin + wait, std::memory_order_relaxed);
  return wait;
}

void Shard::collect(std::vector<epoll_event>& events) noexcept {
  sleeps_until_.store(0, std::memory_order_relaxed);
  try {
    const auto add = [&](std::uint64_t id, std::uint32_t what) {
      epoll_event event{};
      event.events = what;
      event.data.u64 = id;
      events.push_back(event);
    };
    due_.clear();
    deadlines_.take_due(now(), due_);
    for (const std::uint64_t id : due_) add(id, kDueEvent);
    std::vector<Inbox::Note> notes;
    {
      const std::lock_guard lock(inbox_->mutex);
      notes.swap(inbox_->notes);
    }
    for (const Inbox::Note& note : notes) add(note.id, note.event);
  } catch (const std::exception&) {
    // What could not be put down is found by its deadline.
  }
}

// Whoever owns the connection now, and whichever client has its place: `reminder` says what is in
// the wheel, and this one no longer is. An earlier one, made void by a nearer deadline, leaves it.
void Shard::note_reminder(Connection& connection) noexcept {
  std::int64_t reminder = connection.reminder.load(std::memory_order_relaxed);
  if (reminder > now()) return;
  connection.reminder.compare_exchange_strong(reminder, Connection::kNever,
                                              std::memory_order_relaxed);
}

void Shard::handle(const epoll_event& event) noexcept {
  std::uint64_t id = event.data.u64;
  if (id == Inbox::kEvent) return;  // its notes have been collected
  if (id >= kListener) {
    if (listener_) listener_(static_cast<std::size_t>(id - kListener));
    return;
  }
  const bool other = (id & kOther) != 0;
  id &= ~kOther;
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  const bool ended = !other && says_ended(event.events);
  const bool resumed = (event.events & kResumeEvent) != 0;  // it was kept for us
  const bool due = (event.events & kDueEvent) != 0;
  if (due) note_reminder(*connection);
  if (!resumed && !take(connection->owner, kLookAgain | (ended ? kHasEnded : 0))) return;
  unsigned what = 0;
  if (due) {
    what = Connection::kDue;
  } else if (!resumed && connection->generation.load(std::memory_order_relaxed) !=
                             static_cast<std::uint32_t>(id)) {
    if (give_back(connection->owner, what)) return;
  } else if (other) {
    what = Connection::kOther;
  } else if ((event.events & EPOLLIN) != 0 || (!resumed && (event.events & kNudgeEvent) == 0)) {
    what = Connection::kSocket | (ended ? Connection::kEnded : 0);
  }
  process(*connection, what);
}

void Shard::run(std::uint64_t job) noexcept {
  Connection* const connection = find(job);
  if (connection->run_handler() == Connection::Next::kept) return;
  process(*connection, Connection::kSocket);
}

// ---- listening sockets

bool Shard::watch_listener(int fd, std::size_t which) noexcept {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListener + which;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST;
}

void Shard::forget_listener(int fd) noexcept {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Shard::listen_again(std::size_t which, std::int64_t after) {
  remind(kListener + which, now() + after);
}

}  // namespace autohttps
