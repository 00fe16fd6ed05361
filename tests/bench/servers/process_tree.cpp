#include <autohttps/tests/bench/servers/process_tree.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <ctime>

namespace autohttps::bench {
namespace {

namespace fs = std::filesystem;

fs::path proc(pid_t pid) { return fs::path("/proc") / std::to_string(pid); }

// The third word after the name, which stands in parentheses and may hold anything.
pid_t group_of(pid_t pid) {
  std::ifstream file(proc(pid) / "stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return -1;
  std::istringstream rest(text.substr(name_end + 1));
  std::string state;
  pid_t parent = -1, group = -1;
  rest >> state >> parent >> group;
  return state == "Z" ? -1 : group;
}

double memory_kib(const std::vector<pid_t>& pids, const std::string& key) {
  double sum = 0;
  for (const pid_t pid : pids) {
    std::ifstream file(proc(pid) / "smaps_rollup");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with(key)) sum += std::stod(line.substr(key.size()));
    }
  }
  return sum;
}

}  // namespace

std::vector<pid_t> processes_of_group(pid_t group) {
  std::vector<pid_t> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t pid = std::stoi(name);
    if (group_of(pid) == group) pids.push_back(pid);
  }
  return pids;
}

double cpu_seconds(const std::vector<pid_t>& pids) {
  double sum = 0;
  for (const pid_t pid : pids) {
    clockid_t clock;
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &time) == 0) {
      sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
    }
  }
  return sum;
}

double pss_kib(const std::vector<pid_t>& pids) { return memory_kib(pids, "Pss:"); }
double rss_kib(const std::vector<pid_t>& pids) { return memory_kib(pids, "Rss:"); }

// Linux 6.2 and newer tell the number as the folder's size; before that it is counted.
std::size_t open_descriptors(const std::vector<pid_t>& pids) {
  std::size_t count = 0;
  for (const pid_t pid : pids) {
    const fs::path folder = proc(pid) / "fd";
    struct stat status {};
    if (::stat(folder.c_str(), &status) == 0 && status.st_size > 0) {
      count += static_cast<std::size_t>(status.st_size);
      continue;
    }
    std::error_code gone;
    const fs::directory_iterator entries(folder, gone);
    count += static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }
  return count;
}

}  // namespace autohttps::bench
