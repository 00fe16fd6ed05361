// Part of a test in a process of its own: for what changes a whole process (umask, user, mounts,
// limits).
#pragma once

#include <functional>
#include <string>

namespace autohttps {

// Runs `part` in a forked process and returns what it returned; an exception's what(), or how the
// process ended. The test must have no other threads at that moment.
std::string in_child(const std::function<std::string()>& part);

}  // namespace autohttps
