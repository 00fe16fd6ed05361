#include <autohttps/server/auto_https/process_facts.h>

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

namespace autohttps {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

std::optional<ProcessFacts> process_facts() {
  std::ifstream file("/proc/self/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::size_t name_end = text.rfind(')');  // the name may have anything in it
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream columns(text.substr(name_end + 1));
  std::string skipped;
  double user = 0, system = 0, started = 0, pages = 0;
  ProcessFacts facts;
  // proc_pid_stat(5): from the third column on.
  for (int column = 3; column < 14; ++column) columns >> skipped;
  columns >> user >> system;
  for (int column = 16; column < 20; ++column) columns >> skipped;
  columns >> facts.threads >> skipped >> started >> facts.virtual_bytes >> pages;
  if (!columns) return std::nullopt;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  facts.cpu_seconds = (user + system) / ticks;
  facts.resident_bytes =
      static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  facts.start = seconds_of(CLOCK_REALTIME) - (seconds_of(CLOCK_BOOTTIME) - started / ticks);
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    ++facts.open_descriptors;
  }
  if (facts.open_descriptors > 0) --facts.open_descriptors;  // the one that counted
  rlimit most{};
  if (::getrlimit(RLIMIT_NOFILE, &most) == 0) facts.most_descriptors = most.rlim_cur;
  return facts;
}

}  // namespace autohttps
