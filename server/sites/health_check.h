// Asks an upstream how it is, on a thread that may wait.
#pragma once

#include <autohttps/server/sites/upstream_group.h>

#include <atomic>
#include <chrono>
#include <string>

namespace autohttps {

// GET `path` on a connection of its own; 2xx and 3xx are good. Empty: it is well; else why not, in
// words. Ends soon after `stopping`, whatever it says then.
std::string check_health(PlacedUpstream&, const std::string& path, std::chrono::milliseconds most,
                         const std::atomic<bool>& stopping);

}  // namespace autohttps
