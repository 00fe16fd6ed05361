// The duties of process 1, as a container's only program has them.
#pragma once

#include <functional>

namespace autohttps::tools {

// Runs `work` in a child, passes signals on to it, and takes in every process that ends: those
// whose parents have gone become children of process 1, and stay as zombies where it does not care.
// Returns the child's exit code, or 128 + the signal that ended it. Before any thread is started.
// The kernel gives process 1 no default for a signal, so that a program as process 1 would not even
// end by SIGTERM.
int run_as_first_process(const std::function<int()>& work);

}  // namespace autohttps::tools
