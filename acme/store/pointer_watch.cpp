#include <autohttps/acme/store/pointer_watch.h>

#include <autohttps/acme/store/keys.h>
#include <autohttps/common/error.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace autohttps::acme {
namespace {

constexpr std::string_view kCertificates = "certificates";
constexpr std::uint32_t kMarks = IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_DELETE_SELF |
                                 IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW;
constexpr std::uint32_t kLost = IN_Q_OVERFLOW | IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF;

// Reading more pointers than this would hold up whoever starts.
constexpr std::size_t kMostReadAtOnce = 1000;

std::string pointer_of(std::string_view id) {
  return "certificates/" + std::string(id) + "/current";
}

}  // namespace

PointerWatch::PointerWatch(const Store& store, Clock& clock, std::string changes,
                           std::function<void(std::string_view)> call, Timing timing)
    : store_(store),
      clock_(clock),
      changes_(std::move(changes)),
      call_(std::move(call)),
      timing_(timing),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!wake_) throw_errno(ErrorCode::storage, "watching \"" + changes_ + "\"", errno);
  arm();
  const std::vector<std::string> ids = store_.list(kCertificates);
  is_known_ = ids.size() <= kMostReadAtOnce;
  if (is_known_) known_ = pointers(ids);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

PointerWatch::~PointerWatch() {
  thread_.request_stop();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
  thread_.join();
}

void PointerWatch::run(const std::stop_token& stop) {
  SteadyTime next_scan = clock_.steady();
  if (is_known_) next_scan += timing_.scan;
  while (!stop.stop_requested()) {
    const SteadyTime now = clock_.steady();
    wait(watched_ >= 0 ? next_scan : std::min(next_scan, now + timing_.poll));
    if (stop.stop_requested()) return;
    const bool lost = read_marks() || watched_ < 0;
    if (!lost && clock_.steady() < next_scan) continue;
    // First armed, then looked at: what is flipped in between is seen by one or the other.
    arm();
    scan();
    next_scan = clock_.steady() + timing_.scan;
  }
}

// Adding a watch again is free, and finds out that changes/ is another folder by now.
bool PointerWatch::arm() noexcept {
  if (!inotify_) return false;
  const int before =
      std::exchange(watched_, ::inotify_add_watch(inotify_.get(), changes_.c_str(), kMarks));
  if (before >= 0 && before != watched_) ::inotify_rm_watch(inotify_.get(), before);
  return watched_ >= 0;
}

void PointerWatch::wait(SteadyTime until) noexcept {
  // A negative descriptor is one that poll(2) does not look at.
  std::array<pollfd, 2> watched = {
      pollfd{wake_.get(), POLLIN, 0},
      pollfd{inotify_ ? inotify_.get() : -1, POLLIN, 0},
  };
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.steady());
  ::poll(watched.data(), watched.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
}

// True: marks were lost, or the folder is no longer the one that is watched.
bool PointerWatch::read_marks() {
  bool lost = false;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t count = inotify_ ? ::read(inotify_.get(), buffer.data(), buffer.size()) : -1;
    if (count <= 0) return lost;
    for (const char* at = buffer.data(); at < buffer.data() + count;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      const bool current = event->wd == watched_ || event->wd < 0;
      if (current && (event->mask & kLost) != 0) lost = true;
      const std::string_view id = event->len > 0 ? event->name : std::string_view();
      if (!is_key_part(id)) continue;
      tell(pointer_of(id));
    }
  }
}

void PointerWatch::tell(const std::string& pointer) {
  try {
    // Noted before it is told: a flip in between is one that the next scan sees.
    const std::optional<std::string> target = store_.target(pointer);
    if (target) {
      known_[pointer] = *target;
    } else {
      known_.erase(pointer);
    }
  } catch (const Error&) {
    // Not noted: told again by the next scan.
  }
  call_(pointer);
}

void PointerWatch::scan() {
  std::map<std::string, std::string> found;
  try {
    found = pointers(store_.list(kCertificates));
  } catch (const Error&) {
    return;  // the store cannot be read right now; what is served stays, the next scan tries again
  }
  std::swap(found, known_);
  for (const auto& [pointer, target] : known_) {
    const auto before = found.find(pointer);
    if (before == found.end() || before->second != target) call_(pointer);
  }
  for (const auto& [pointer, target] : found) {
    if (!known_.contains(pointer)) call_(pointer);
  }
}

std::map<std::string, std::string> PointerWatch::pointers(
    const std::vector<std::string>& ids) const {
  std::map<std::string, std::string> found;
  for (const std::string& id : ids) {
    std::string pointer = pointer_of(id);
    std::optional<std::string> target = store_.target(pointer);
    if (target) found.emplace(std::move(pointer), std::move(*target));
  }
  return found;
}

}  // namespace autohttps::acme
