#include <autohttps/common/descriptor_limit.h>
#include <autohttps/common/error.h>
#include <autohttps/server/engine/engine.h>
#include <autohttps/server/engine/shard.h>
#include <autohttps/server/tls/tls_context.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>
#include <vector>

namespace autohttps {
namespace {

constexpr std::size_t kMostConnections = 100'000;
constexpr std::size_t kLeastConnections = 16;
constexpr std::size_t kReserve = 128;  // descriptors for the store, the CA, files, hooks
constexpr std::size_t kMostLeaders = 8;
constexpr int kAcceptedAtOnce = 64;
constexpr std::int64_t kPause = 100;  // ms, after accept() met the end of something

std::size_t processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<std::size_t>(std::max(CPU_COUNT(&set), 1));
}

EngineLimits filled_in(EngineLimits limits) {
  const std::size_t descriptors = raise_descriptor_limit();
  if (limits.connections == 0) {
    const std::size_t reserve = std::min(kReserve, descriptors / 2);
    limits.connections = std::clamp(descriptors - reserve, kLeastConnections, kMostConnections);
  }
  if (limits.connections_per_address == 0) {
    limits.connections_per_address = std::max<std::size_t>(limits.connections / 2, 1);
  }
  if (limits.handshakes == 0) limits.handshakes = std::max<std::size_t>(limits.connections / 4, 1);
  if (limits.leaders == 0) limits.leaders = std::min(processors(), kMostLeaders);
  limits.leaders = std::min(limits.leaders, std::max<std::size_t>(limits.threads, 1));
  return limits;
}

// What one address may have of the handshakes: as much as of all connections.
std::size_t handshakes_of_one(const EngineLimits& limits) {
  const double share = static_cast<double>(limits.connections_per_address) /
                       static_cast<double>(std::max<std::size_t>(limits.connections, 1));
  const double most = static_cast<double>(limits.handshakes) * std::min(share, 1.0);
  return std::max<std::size_t>(static_cast<std::size_t>(most), 1);
}

// False: it has as many, or there is no memory to count one more.
bool charge(AddressCounts& counts, const AddressKey& address, std::size_t most) noexcept {
  try {
    return counts.add(address, most);
  } catch (const std::exception&) {
    return false;
  }
}

OwnedFd spare_descriptor() { return OwnedFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

struct Engine::Parts {
  Parts(EngineLimits limits, RequestSink& sink, std::shared_ptr<Counters> counters)
      : kept(std::move(counters)), shared{filled_in(std::move(limits)), sink, *kept} {}

  struct Listener {
    OwnedFd fd;
    std::shared_ptr<const TlsContext> tls;
    bool paused = false;
  };

  void accept_some(std::size_t which) noexcept;
  bool accept_one(Listener&, std::size_t which) noexcept;
  void pause(Listener&, std::size_t which) noexcept;
  void take(OwnedFd, const std::shared_ptr<const TlsContext>&, const AddressKey&) noexcept;
  bool make_room() noexcept;
  bool admit(const AddressKey&, bool tls) noexcept;
  void give_back(const AddressKey&, bool tls) noexcept;
  void end_listening() noexcept;

  const std::shared_ptr<Counters> kept;
  EngineShared shared;
  std::vector<std::unique_ptr<Shard>> shards;
  std::atomic<std::size_t> next_shard{0};

  std::mutex mutex;  // guards what follows
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::shared_ptr<const TlsContext>> contexts;  // of adopted connections
  OwnedFd spare = spare_descriptor();
  bool drained = false;
};

Engine::Engine(EngineLimits limits, RequestSink& sink, std::shared_ptr<Counters> counters)
    : parts_(std::make_unique<Parts>(std::move(limits), sink, std::move(counters))) {
  const std::size_t count = parts_->shared.limits.leaders;
  for (std::size_t i = 0; i < count; ++i) {
    auto shard = std::make_unique<Shard>(parts_->shared, count);
    shard->on_listener([parts = parts_.get()](std::size_t which) { parts->accept_some(which); });
    if (!shard->start()) {
      if (i > 0) break;  // fewer do as well
      throw_errno(ErrorCode::internal, "starting a server", errno,
                  "raise the limits of descriptors and threads (ulimit -n, ulimit -u)");
    }
    parts_->shards.push_back(std::move(shard));
  }
}

Engine::~Engine() { drain(std::chrono::milliseconds(0)); }

const Counters& Engine::counters() const noexcept { return parts_->shared.counters; }
const EngineLimits& Engine::limits() const noexcept { return parts_->shared.limits; }

void Engine::listen(OwnedFd fd, std::shared_ptr<const TlsContext> tls) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted ones inherit it
  auto listener = std::make_unique<Parts::Listener>();
  listener->fd = std::move(fd);
  listener->tls = std::move(tls);
  const int watched = listener->fd.get();
  std::size_t which = 0;
  {
    const std::lock_guard lock(parts_->mutex);
    if (parts_->drained) return;
    which = parts_->listeners.size();
    parts_->listeners.push_back(std::move(listener));
  }
  if (!parts_->shards.front()->watch_listener(watched, which)) {
    throw_errno(ErrorCode::port, "watching a listening socket", errno, "");
  }
}

// ---- accepting

// The lock is held while connections are accepted: two leaders meet here only when one has just
// lost the lead.
void Engine::Parts::accept_some(std::size_t which) noexcept {
  const std::lock_guard lock(mutex);
  if (which >= listeners.size() || !listeners[which]->fd) return;
  Listener& listener = *listeners[which];
  if (listener.paused) {
    listener.paused = false;
    shards.front()->watch_listener(listener.fd.get(), which);
  }
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    if (!accept_one(listener, which)) return;
  }
}

// False: no more now.
bool Engine::Parts::accept_one(Listener& listener, std::size_t which) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  OwnedFd fd(::accept4(listener.fd.get(), generic, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (is_of_the_last_descriptors(fd.get())) {
    shared.counters.add(Count::no_descriptors);
    make_room();
    return true;  // closed
  }
  if (fd) {
    take(std::move(fd), listener.tls, address_key(*generic));
    return true;
  }
  switch (errno) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      shared.counters.add(Count::no_descriptors);
      // With the spare descriptor the next in line is told no, rather than left waiting.
      spare.reset();
      fd = OwnedFd(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
      fd.reset();
      make_room();
      spare = spare_descriptor();
      pause(listener, which);
      return false;
    case EINVAL:
    case EBADF:
      return false;
    default:
      return true;  // ECONNABORTED and what a network says of that one connection: accept(2)
  }
}

// Level-triggered, it would be reported again at once.
void Engine::Parts::pause(Listener& listener, std::size_t which) noexcept {
  listener.paused = true;
  shards.front()->forget_listener(listener.fd.get());
  try {
    shards.front()->listen_again(which, kPause);
  } catch (const std::exception&) {
    listener.paused = false;
    shards.front()->watch_listener(listener.fd.get(), which);
  }
}

bool Engine::Parts::make_room() noexcept {
  return std::any_of(shards.begin(), shards.end(),
                     [](const auto& shard) { return shard->evict_idle(); });
}

// Charges it for the connection. Room is made last: who is refused pushes nobody out.
bool Engine::Parts::admit(const AddressKey& address, bool tls) noexcept {
  Counters& counters = shared.counters;
  const EngineLimits& limits = shared.limits;
  const auto refused = [&](Count why) {
    counters.add(why);
    return false;
  };
  if (tls && counters.handshaking.load(std::memory_order_relaxed) >= limits.handshakes) {
    return refused(Count::refused_handshakes);
  }
  if (!charge(shared.addresses, address, limits.connections_per_address)) {
    return refused(Count::refused_address);
  }
  if (tls && !charge(shared.handshaking, address, handshakes_of_one(limits))) {
    shared.addresses.remove(address);
    return refused(Count::refused_handshakes);
  }
  if (counters.open.load(std::memory_order_relaxed) < limits.connections || make_room()) {
    return true;
  }
  give_back(address, tls);
  return refused(Count::refused_connections);
}

void Engine::Parts::give_back(const AddressKey& address, bool tls) noexcept {
  shared.addresses.remove(address);
  if (tls) shared.handshaking.remove(address);
}

void Engine::Parts::take(OwnedFd fd, const std::shared_ptr<const TlsContext>& tls,
                         const AddressKey& address) noexcept {
  shared.counters.add(Count::accepted);
  if (!admit(address, tls != nullptr)) return;  // closed
  shared.counters.open.fetch_add(1, std::memory_order_relaxed);
  if (tls) shared.counters.handshaking.fetch_add(1, std::memory_order_relaxed);
  Connection::Arrival arrival{std::move(fd), tls.get(), address};
  Shard& shard = *shards[next_shard.fetch_add(1, std::memory_order_relaxed) % shards.size()];
  try {
    if (shard.adopt(std::move(arrival))) return;
  } catch (const std::exception&) {
    // No memory for another connection.
  }
  give_back(address, tls != nullptr);
  shared.counters.open.fetch_sub(1, std::memory_order_relaxed);
  if (tls) shared.counters.handshaking.fetch_sub(1, std::memory_order_relaxed);
}

void Engine::adopt(OwnedFd fd, std::shared_ptr<const TlsContext> tls) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
  ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::getpeername(fd.get(), generic, &size) != 0) return;
  const std::lock_guard lock(parts_->mutex);
  if (parts_->drained) return;
  auto& contexts = parts_->contexts;
  if (tls && std::find(contexts.begin(), contexts.end(), tls) == contexts.end()) {
    contexts.push_back(tls);
  }
  parts_->take(std::move(fd), tls, address_key(*generic));
}

// ---- the end

// What waits to be accepted has been promised a server.
void Engine::Parts::end_listening() noexcept {
  const std::lock_guard lock(mutex);
  for (std::size_t which = 0; which < listeners.size(); ++which) {
    Listener& listener = *listeners[which];
    if (!listener.fd) continue;
    shards.front()->forget_listener(listener.fd.get());
    for (int i = 0; i < kAcceptedAtOnce * kAcceptedAtOnce && accept_one(listener, which); ++i) {
    }
    listener.fd.reset();
  }
  drained = true;
}

void Engine::drain(std::chrono::milliseconds most) noexcept {
  Parts& parts = *parts_;
  parts.end_listening();
  parts.shared.draining = true;
  const auto nudge = [&parts] {
    for (const auto& shard : parts.shards) shard->nudge_all();
  };
  nudge();
  {
    std::unique_lock lock(parts.shared.mutex);
    parts.shared.changed.wait_for(lock, most, [&] { return parts.shared.counters.open == 0; });
  }
  parts.shared.cut = true;
  nudge();
  {
    // What is idle ends at once. Who has an exchange ends it: a handler that runs, a task that
    // waits for a thread of somebody else's.
    std::unique_lock lock(parts.shared.mutex);
    parts.shared.changed.wait(lock, [&] { return parts.shared.counters.open == 0; });
  }
  for (const auto& shard : parts.shards) shard->stop();
}

}  // namespace autohttps
