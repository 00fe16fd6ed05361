// What this process uses of the machine.
#pragma once

#include <cstdint>
#include <optional>

namespace autohttps {

struct ProcessFacts {
  double cpu_seconds = 0;  // user and system
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t most_descriptors = 0;
  double start = 0;  // Unix seconds
};

// Empty: /proc is not there. Reads nothing of other processes (a unit may hide them).
std::optional<ProcessFacts> process_facts();

}  // namespace autohttps
