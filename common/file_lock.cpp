#include <autohttps/common/file_lock.h>

#include <autohttps/common/files.h>
#include <autohttps/common/strings.h>
#include <autohttps/common/timestamps.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

namespace autohttps {
namespace {

// The file holds one line: "4711 2026-11-24T07:30:20Z autohttps renew".
constexpr std::size_t kLongestLine = 256;
constexpr std::size_t kLongestWord = 64;

bool is_verb(std::string_view word) {
  return !word.empty() && word.size() <= kLongestWord &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

// The program and its verb. No other argument: in a program that is not ours they may hold secrets.
std::string own_command() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string line(std::istreambuf_iterator<char>(file), {});
  const std::vector<std::string_view> words = split(line, '\0');
  const std::string_view program = words.front().substr(words.front().rfind('/') + 1);
  std::string command = printable(program, kLongestWord);
  if (words.size() > 1 && is_verb(words[1])) command.append(" ").append(words[1]);
  return command;
}

// "4711 (a name) T ...", proc(5): the state follows the last parenthesis.
bool is_stopped(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string line(std::istreambuf_iterator<char>(file), {});
  const std::size_t end = line.rfind(") ");
  return end != std::string::npos && end + 2 < line.size() && line[end + 2] == 'T';
}

}  // namespace

std::optional<FileLock> FileLock::try_take(OwnedFd& file, WallTime now) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(file.get(), F_OFD_SETLK, &whole) != 0) {
    if (errno == EAGAIN || errno == EACCES || errno == EINTR) return std::nullopt;
    throw_system_error("fcntl");
  }
  FileLock lock(std::move(file));
  const std::string line =
      std::to_string(::getpid()) + " " + format_rfc3339(now) + " " + own_command() + "\n";
  // For people only: a full disk does not make the lock any less held.
  if (::ftruncate(lock.fd(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(lock.fd(), line.data(), line.size(), 0);
  }
  return lock;
}

LockHolder lock_holder(int file) {
  std::array<char, kLongestLine> buffer;
  const ssize_t count = ::pread(file, buffer.data(), buffer.size(), 0);
  std::string_view line(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  line = line.substr(0, line.find('\n'));
  LockHolder holder;
  const std::size_t pid_end = line.find(' ');
  const std::size_t since_end = pid_end == line.npos ? line.npos : line.find(' ', pid_end + 1);
  if (since_end == line.npos) return holder;
  std::from_chars(line.data(), line.data() + pid_end, holder.pid);
  holder.since = printable(line.substr(pid_end + 1, since_end - pid_end - 1), kLongestWord);
  holder.command = printable(line.substr(since_end + 1), 2 * kLongestWord);
  holder.stopped = holder.pid > 0 && is_stopped(holder.pid);
  return holder;
}

std::string LockHolder::text() const {
  if (pid <= 0) return "another process";
  return "process " + std::to_string(pid) + " (\"" + command + "\")" +
         (stopped ? ", stopped," : "") + " since " + since;
}

std::string LockHolder::hint() const {
  if (pid <= 0) return "wait for it to end";
  const std::string number = std::to_string(pid);
  if (stopped)
    return "that process is stopped: let it go on with \"kill -CONT " + number + "\", or end it";
  return "wait for it to end; if it hangs, end it with \"kill " + number + "\"";
}

}  // namespace autohttps
