// The real program under strace: killed, or lied to by the kernel, at the k-th system call of a
// kind.
#pragma once

#include <autohttps/tests/support/child.h>
#include <autohttps/tests/support/temporary_folder.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace autohttps {

// Every call that can change the store. Those that a process never makes cost nothing.
inline const std::vector<std::string> kStoreCalls = {
    "mkdirat",   "write",     "pwrite64", "fsync",  "fdatasync", "renameat",
    "renameat2", "symlinkat", "unlinkat", "linkat", "fchmod",    "ftruncate"};

// LeakSanitizer is a tracer itself and gives up under another; the same paths run untraced too.
inline const std::map<std::string, std::string> kTraced = {{"ASAN_OPTIONS", "detect_leaks=0"}};

inline std::vector<std::string> under_strace(const std::vector<std::string>& flags,
                                             const std::vector<std::string>& command) {
  std::vector<std::string> all = {"strace", "-f", "-qq"};
  all.insert(all.end(), flags.begin(), flags.end());
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

// How often the busiest thread makes each call in one undisturbed run (strace counts per thread).
inline std::map<std::string, int> count_calls(const std::vector<std::string>& command) {
  TemporaryFolder folder;
  const std::string log = (folder / "calls").string();
  std::string calls;
  for (const std::string& call : kStoreCalls) calls += (calls.empty() ? "" : ",") + call;
  run_child({.arguments = under_strace({"-o", log, "-e", "trace=" + calls}, command),
             .environment = kTraced});
  std::map<std::pair<std::string, std::string>, int> per_thread;
  std::istringstream lines(folder.read("calls"));
  for (std::string pid, rest; lines >> pid && std::getline(lines, rest);) {
    const auto from = rest.find_first_not_of(' ');
    const auto to = rest.find('(');
    if (from == std::string::npos || to == std::string::npos || rest[from] == '<') continue;
    ++per_thread[{pid, rest.substr(from, to - from)}];
  }
  std::map<std::string, int> most;
  for (const auto& [key, count] : per_thread) {
    most[key.second] = std::max(most[key.second], count);
  }
  return most;
}

// `fault`: "signal=KILL", "error=ENOSPC"; `when`: "3" (that call), "3+" (it and all after).
inline ChildResult run_with_fault(const std::string& call, const std::string& fault,
                                  const std::string& when,
                                  const std::vector<std::string>& command) {
  return run_child({.arguments = under_strace({"-o", "/dev/null", "-e", "trace=" + call, "-e",
                                               "inject=" + call + ":" + fault + ":when=" + when},
                                              command),
                    .environment = kTraced});
}

}  // namespace autohttps
