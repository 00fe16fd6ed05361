#include <autohttps/server/sites/known_files.h>

#include <autohttps/server/engine/coarse_clock.h>
#include <autohttps/server/engine/event_round.h>

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <optional>
#include <utility>

namespace autohttps {
namespace {

constexpr std::uint64_t kLargestKept = 64U << 10;
constexpr std::int64_t kGlanceFor = 1'000;  // ms

// Times of files have the kernel's tick, 10 ms at most, and on some file systems whole seconds: a
// file that was just written could be written again and have the same time. What is kept is older.
bool is_settled(const FileState& state) noexcept {
  constexpr std::int64_t kSecond = 1'000'000'000;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t seconds = now.tv_sec - state.changed;
  if (seconds < 0 || seconds > 3) return seconds > 3;  // of another clock than ours: not settled
  const std::int64_t age = seconds * kSecond + now.tv_nsec - state.changed_ns;
  return age >= (state.changed_ns == 0 ? 3 * kSecond : kSecond / 10);
}

// All of a file, which is as its state says before and after it was read.
std::optional<std::string> read_whole(const OpenedFile& opened) {
  std::string bytes(static_cast<std::size_t>(opened.state.size), '\0');
  const ssize_t count = ::pread(opened.fd.get(), bytes.data(), bytes.size(), 0);
  struct stat now {};
  if (count != static_cast<ssize_t>(bytes.size()) || ::fstat(opened.fd.get(), &now) != 0 ||
      FileState::of(now) != opened.state) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace

KnownFiles::Found KnownFiles::find(const std::string& path, std::string_view type,
                                   std::string_view coding) {
  const std::int64_t now = coarse_milliseconds();
  // "app.js.gz" is one thing by itself and another in place of "app.js". No path has a NUL.
  const std::string own_name = coding.empty() ? std::string() : path + '\0' + std::string(coding);
  const std::string& name = coding.empty() ? path : own_name;
  std::shared_ptr<const FileContent> known = cache_.find(name);
  FileState state;
  const std::uint64_t round = event_round();
  if (known && now < known->glance_until.load(std::memory_order_relaxed)) {
    const bool seen = round != 0 && known->seen_in.load(std::memory_order_relaxed) == round;
    if (seen || (tree_.glance(path, state) && state == known->state)) {
      known->seen_in.store(round, std::memory_order_relaxed);
      return {{std::move(known)}};
    }
  }
  OpenedFile opened = tree_.open(path);
  if (opened.kind != OpenedFile::Kind::file) return {{}, std::move(opened)};
  const bool may_be_kept = keeps_ && opened.state.size <= kLargestKept && is_settled(opened.state);
  if (!known || known->state != opened.state || (may_be_kept && !known->bytes)) {
    auto read = std::make_shared<FileContent>(
        opened.state, coding.empty() ? types_->type_of(path) : type, coding);
    if (known && known->state == opened.state) read->alone_until = known->alone_until.load();
    if (may_be_kept) read->bytes = read_whole(opened);
    known = std::move(read);
    cache_.keep(name, known);
  }
  if (!known->bytes) return {{std::move(known), std::move(opened.fd)}};
  known->glance_until.store(now + kGlanceFor, std::memory_order_relaxed);
  known->seen_in.store(round, std::memory_order_relaxed);
  return {{std::move(known)}};
}

}  // namespace autohttps
