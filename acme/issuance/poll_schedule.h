// When to ask a CA again (DESIGN 5): first after 20 ms, at most 10 times in the first 2 s, then
// every second, then ever slower up to a minute, so that a whole attempt of 15 minutes on a CA that
// never decides stays within the requests it may make (RELIABILITY I4). A Retry-After, where given,
// is obeyed: never sooner. Pure.
#pragma once

#include <chrono>
#include <optional>

namespace autohttps::acme {

class PollSchedule {
 public:
  // How long to wait before the next poll; `retry_after` is from the last answer.
  std::chrono::milliseconds next(std::optional<std::chrono::milliseconds> retry_after) noexcept;

 private:
  int polls_ = 0;
};

}  // namespace autohttps::acme
