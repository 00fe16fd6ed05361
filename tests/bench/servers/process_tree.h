// What a server's processes use: CPU time and memory of its whole process group.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace autohttps::bench {

std::vector<pid_t> processes_of_group(pid_t group);
double cpu_seconds(const std::vector<pid_t>&);  // user and system, ended threads included
double pss_kib(const std::vector<pid_t>&);      // each shared page counted once, in parts
double rss_kib(const std::vector<pid_t>&);
std::size_t open_descriptors(const std::vector<pid_t>&);

}  // namespace autohttps::bench
