#include <autohttps/common/error.h>
#include <autohttps/common/strings.h>
#include <autohttps/server/sites/access_log.h>
#include <autohttps/server/sites/log_file.h>

#include <time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace autohttps {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The first line wakes the writer, which lets others come: requests cost no wake-up each.
constexpr milliseconds kGather{200};
constexpr std::size_t kBatch = 64 << 10;  // bytes that are not waited for any longer
constexpr milliseconds kRetry{1'000};     // of a file that could not be written
constexpr milliseconds kLongestStop{2'000};
constexpr int kReaderMs = 100;  // how long a slow reader is waited for at a time

// As of the kernel's last tick: a few milliseconds are nothing to a log, a system call is.
std::int64_t unix_milliseconds() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return std::int64_t{time.tv_sec} * 1'000 + time.tv_nsec / 1'000'000;
}

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string count_of(std::uint64_t lines) {
  return std::to_string(lines) + (lines == 1 ? " line" : " lines");
}

}  // namespace

// Outlives the AccessLog where the kernel does not give the writer back.
struct AccessLog::Work {
  Work(AccessLogOptions options_in, EventSink events_in)
      : options(std::move(options_in)), events(std::move(events_in)), file(options.file) {}

  const AccessLogOptions options;

  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> dropped{0};

  std::mutex telling;  // guards events, and is held while it is called
  EventSink events;

  std::mutex mutex;                 // guards what follows
  std::condition_variable changed;  // for the writer
  std::condition_variable idle;     // for who waits for it
  std::string filling;
  std::uint64_t lines = 0;  // of filling
  bool gathers = false;     // the writer is awake, or will be by itself
  bool busy = false;        // has lines in hand
  bool reopen = false;
  bool stopping = false;
  bool over = false;  // the writer has ended

  // The writer's own.
  LogFile file;
  std::string writing;
  std::size_t done = 0;              // of writing
  std::uint64_t lines_in_hand = 0;   // of writing, from `done` on
  int trouble = 0;                   // errno, as it was told; 0: none
  std::uint64_t dropped_before = 0;  // when the trouble began

  void run() noexcept;
  bool take(std::unique_lock<std::mutex>&);
  bool write_on() noexcept;
  void open_anew() noexcept;
  void give_up() noexcept;
  bool is_broken() const noexcept { return trouble != 0 && trouble != EAGAIN; }
  void note_trouble(int error) noexcept;
  void note_end_of_trouble() noexcept;
  void tell(Event::Level, const std::string& text, const std::string& hint = {}) noexcept;
  std::string name() const {
    return options.file == "-" ? "standard output"
                               : "\"" + printable(options.file.string(), 300) + "\"";
  }
};

void AccessLog::Work::tell(Event::Level level, const std::string& text,
                           const std::string& hint) noexcept {
  try {
    const std::lock_guard lock(telling);
    if (events) events({level, {}, text, hint});
  } catch (const std::exception&) {
    // The counters tell it as well.
  }
}

void AccessLog::Work::note_trouble(int error) noexcept {
  // A pipe that is full for a moment is no trouble before something is lost by it.
  if (trouble != 0 || (error == EAGAIN && dropped == dropped_before)) return;
  trouble = error;
  try {
    const std::string why =
        error == EAGAIN ? "its reader has stalled" : std::generic_category().message(error);
    tell(Event::Level::warning,
         "the access log " + name() + " cannot be written: " + to_lower(why.substr(0, 1)) +
             why.substr(1),
         "requests are served; their lines wait, and are dropped and counted when there are too "
         "many");
  } catch (const std::exception&) {
    // The counters have it.
  }
}

void AccessLog::Work::note_end_of_trouble() noexcept {
  const std::uint64_t lost = dropped - dropped_before;
  if (trouble != 0 || lost > 0) {
    try {
      tell(Event::Level::warning,
           "the access log " + name() + " is written again; " + count_of(lost) + " lost");
    } catch (const std::exception&) {
    }
  }
  trouble = 0;
  dropped_before += lost;
}

// True: all of what is in hand is written.
bool AccessLog::Work::write_on() noexcept {
  const LogFile::Written now = file.write(std::string_view(writing).substr(done));
  done += now.bytes;
  if (done == writing.size()) {
    written += std::exchange(lines_in_hand, 0);
    writing.clear();
    done = 0;
    note_end_of_trouble();
    return true;
  }
  const std::uint64_t gone =
      lines_in(std::string_view(writing).substr(done - now.bytes, now.bytes));
  written += gone;
  lines_in_hand -= gone;
  note_trouble(now.error);
  if (now.error == EAGAIN) file.wait_writable(kReaderMs);
  return false;
}

void AccessLog::Work::open_anew() noexcept {
  try {
    file.reopen();
    // What is left of a line goes into the new file as a whole one.
    if (done > 0) {
      const std::size_t end = writing.rfind('\n', done - 1);
      done = end == std::string::npos ? 0 : end + 1;
    }
  } catch (const Error& error) {
    tell(Event::Level::warning, std::string(error.what()) + "; the file before is written on",
         error.hint());
  } catch (const std::exception&) {
    // No memory: the file before is written on.
  }
}

// What the server's end leaves unwritten.
void AccessLog::Work::give_up() noexcept {
  std::uint64_t lost = lines_in_hand;
  {
    const std::lock_guard lock(mutex);
    lost += std::exchange(lines, 0);
    filling.clear();
  }
  dropped += lost;
  try {
    tell(Event::Level::warning,
         count_of(lost) + " of the access log " + name() + " lost: it could not be written");
  } catch (const std::exception&) {
    // The counters have it.
  }
}

// Takes the lines that wait, once there is nothing in hand; waits for some. False: it is over.
bool AccessLog::Work::take(std::unique_lock<std::mutex>& lock) {
  const auto called = [this] { return stopping || reopen; };
  if (!writing.empty()) {
    // Of a reader that is slow has been waited for already.
    if (is_broken()) changed.wait_for(lock, kRetry, called);
    return true;
  }
  busy = false;
  if (filling.empty()) idle.notify_all();
  gathers = false;
  changed.wait(lock, [&] { return called() || !filling.empty(); });
  gathers = true;
  if (!called()) {
    changed.wait_for(lock, kGather, [&] { return called() || filling.size() >= kBatch; });
  }
  writing.swap(filling);
  filling.clear();
  lines_in_hand = std::exchange(lines, 0);
  busy = !writing.empty();
  return busy || !stopping;
}

void AccessLog::Work::run() noexcept {
  std::optional<steady_clock::time_point> stop_at;
  std::unique_lock lock(mutex);
  while (take(lock)) {
    const bool opens = std::exchange(reopen, false);
    const bool stops = stopping;
    if (stops && !stop_at) stop_at = steady_clock::now() + kLongestStop / 2;
    lock.unlock();
    bool good = writing.empty() || write_on();
    if (opens) {
      open_anew();
      good = writing.empty() || write_on();
    }
    if (!good && stops && (is_broken() || steady_clock::now() >= *stop_at)) {
      give_up();
      lock.lock();
      break;
    }
    lock.lock();
  }
  busy = false;
  over = true;
  idle.notify_all();
}

AccessLog::AccessLog(AccessLogOptions options, EventSink events)
    : format_(options.format),
      work_(std::make_shared<Work>(std::move(options), std::move(events))),
      writer_([work = work_] {
        // A reader that has gone is an error of write(), and signals are other threads' business.
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        work->run();
      }) {}

AccessLog::~AccessLog() { stop(); }

void AccessLog::add(const RequestRecord& record) noexcept {
  try {
    thread_local std::string line;
    line.clear();
    append_access_line(line, format_, record, unix_milliseconds());
    bool wakes = false;
    {
      const std::lock_guard lock(work_->mutex);
      std::string& filling = work_->filling;
      if (work_->stopping || filling.size() + line.size() > work_->options.most_waiting) {
        work_->dropped.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      const bool was_batch = filling.size() >= kBatch;
      wakes = (filling.empty() && !work_->gathers) ||
              (!was_batch && filling.size() + line.size() >= kBatch);
      filling += line;
      ++work_->lines;
    }
    if (wakes) work_->changed.notify_one();
  } catch (const std::exception&) {
    work_->dropped.fetch_add(1, std::memory_order_relaxed);  // no memory
  }
}

void AccessLog::reopen() noexcept {
  {
    const std::lock_guard lock(work_->mutex);
    work_->reopen = true;
  }
  work_->changed.notify_one();
}

bool AccessLog::flush(milliseconds most) {
  std::unique_lock lock(work_->mutex);
  return work_->idle.wait_for(lock, most,
                              [this] { return work_->filling.empty() && !work_->busy; });
}

void AccessLog::stop() noexcept {
  if (!writer_.joinable()) return;
  bool over = false;
  {
    std::unique_lock lock(work_->mutex);
    work_->stopping = true;
    work_->changed.notify_one();
    over = work_->idle.wait_for(lock, kLongestStop, [this] { return work_->over; });
  }
  if (over) {
    writer_.join();
    return;
  }
  writer_.detach();  // it sits in the kernel, and has all it needs
  // Whoever is told may be gone soon, unless the writer is just telling him.
  if (const std::unique_lock lock(work_->telling, std::try_to_lock); lock) work_->events = {};
}

std::uint64_t AccessLog::lines() const noexcept { return work_->written; }
std::uint64_t AccessLog::dropped() const noexcept { return work_->dropped; }

}  // namespace autohttps
