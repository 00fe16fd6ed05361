// What a bench needs: a command's wall time, CPU time and peak memory, and medians.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace autohttps::bench {

struct Cost {
  double wall_s = 0;
  double cpu_s = 0;     // user and system, children that it waited for included
  double peak_mib = 0;  // of the largest single process

  Cost& operator+=(const Cost& other) {
    wall_s += other.wall_s;
    cpu_s += other.cpu_s;
    peak_mib = std::max(peak_mib, other.peak_mib);
    return *this;
  }
};

inline double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Runs it to its end with its output in `log`; a bench that measures failures measures nothing, so
// it exits then.
inline Cost run(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const auto begin = std::chrono::steady_clock::now();
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ::dup2(fd, 1) < 0 || ::dup2(fd, 2) < 0) ::_exit(126);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (pid < 0 || ::wait4(pid, &status, 0, &usage) != pid) std::abort();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::fprintf(stderr, "%s ended with status %d; see %s\n", command[0].c_str(), status,
                 log.c_str());
    std::exit(1);
  }
  return {wall.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) / 1024};
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

inline Cost median(const std::vector<Cost>& costs) {
  std::vector<double> wall, cpu, peak;
  for (const Cost& cost : costs) {
    wall.push_back(cost.wall_s);
    cpu.push_back(cost.cpu_s);
    peak.push_back(cost.peak_mib);
  }
  return {median(wall), median(cpu), median(peak)};
}

// The median of the ratios round by round: a machine whose speed drifts cancels out.
template <typename Member>
double median_ratio(const std::vector<Cost>& theirs, const std::vector<Cost>& ours, Member member) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < theirs.size() && i < ours.size(); ++i) {
    ratios.push_back(theirs[i].*member / ours[i].*member);
  }
  return median(ratios);
}

}  // namespace autohttps::bench
