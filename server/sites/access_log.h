// The access log: one line a request, written by a thread of its own.
#pragma once

#include <autohttps/common/event.h>
#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/sites/access_log_line.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <thread>

namespace autohttps {

struct AccessLogOptions {
  std::filesystem::path file{};  // "-": standard output
  AccessLogFormat format = AccessLogFormat::combined;
  // Bytes of lines that wait for a file that cannot be written, a reader that has stalled: what
  // comes on top is dropped and counted.
  std::size_t most_waiting = 8 << 20;
};

// Thread-safe. Serving never waits for it, whatever becomes of the file (RELIABILITY F51): add()
// puts the line into memory, and at most a second later it is handed to the kernel. A line is
// written whole, also over reopen(), or not at all, but for one that the server's end cuts.
class AccessLog {
 public:
  // Opens the file; throws Error(permission | storage). That lines cannot be written, and that they
  // can again, is told to the sink once each.
  AccessLog(AccessLogOptions, EventSink);
  ~AccessLog();  // stop()

  void add(const RequestRecord&) noexcept;

  // Opens the file's path anew, soon: for a file that was moved away. Lines added before are
  // written to the old one. Also from a thread that waits for signals.
  void reopen() noexcept;

  // Waits until all that was added is written. False: not within that time.
  bool flush(std::chrono::milliseconds most);
  // Writes what there is, for at most two seconds: later lines are dropped. A file system that does
  // not answer keeps nobody waiting.
  void stop() noexcept;

  std::uint64_t lines() const noexcept;    // written
  std::uint64_t dropped() const noexcept;  // of these nothing was written

 private:
  struct Work;
  const AccessLogFormat format_;
  const std::shared_ptr<Work> work_;
  std::thread writer_;
};

}  // namespace autohttps
