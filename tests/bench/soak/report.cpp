#include <autohttps/tests/bench/soak/report.h>

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace autohttps::bench {
namespace {

std::uint64_t entries(const char* folder) {
  return static_cast<std::uint64_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

std::uint64_t ServerReport::refused() const {
  return get(Count::refused_connections) + get(Count::refused_address) +
         get(Count::refused_handshakes) + get(Count::no_descriptors);
}

std::uint64_t ServerReport::late() const {
  return get(Count::late_handshake) + get(Count::late_head) + get(Count::late_body) +
         get(Count::late_idle) + get(Count::late_write);
}

std::string ServerReport::text() const {
  std::array<char, 160> line{};
  std::snprintf(
      line.data(), line.size(),
      "rss %.1f MiB, %llu descriptors, %llu threads, %llu open, %llu swaps, cpu %.1f s\n ",
      static_cast<double>(rss_kib) / 1024, static_cast<unsigned long long>(descriptors),
      static_cast<unsigned long long>(threads), static_cast<unsigned long long>(open),
      static_cast<unsigned long long>(swaps), cpu_s);
  std::string text = line.data();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    text += " " + std::string(name_of(static_cast<Count>(i))) + " " + std::to_string(counts[i]);
  }
  return text;
}

void look_at_process(ServerReport& report) {
  report.descriptors = entries("/proc/self/fd") - 1;  // less the one that looks
  report.threads = entries("/proc/self/task");
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;  // the second: resident
  report.rss_kib = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  report.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace autohttps::bench
