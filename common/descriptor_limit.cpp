#include <autohttps/common/descriptor_limit.h>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <limits>

namespace autohttps {
namespace {

// A limit is the process's, and so is the memory of what it was. 0: never raised.
std::atomic<rlim_t> before_raising = 0;

rlimit limits_now() noexcept {
  rlimit limits{};
  ::getrlimit(RLIMIT_NOFILE, &limits);  // fails for a bad pointer only
  return limits;
}

}  // namespace

std::size_t raise_descriptor_limit() noexcept {
  const rlimit before = limits_now();
  if (before.rlim_cur >= before.rlim_max) return before.rlim_cur;
  const rlimit raised{before.rlim_max, before.rlim_max};
  rlim_t never = 0;  // told before it is so: a child started meanwhile must not have the raised one
  before_raising.compare_exchange_strong(never, before.rlim_cur);
  if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) return before.rlim_cur;
  return raised.rlim_cur;
}

std::size_t inherited_descriptor_limit() noexcept {
  const rlim_t before = before_raising.load();
  return before != 0 ? before : limits_now().rlim_cur;
}

int first_of_the_last_descriptors() noexcept {
  constexpr rlim_t kLast = 64;
  constexpr rlim_t kPart = 4;
  const rlim_t most = limits_now().rlim_cur;
  constexpr rlim_t kLargest = std::numeric_limits<int>::max();  // the limit may be none at all
  return static_cast<int>(std::min(most - std::min(kLast, most / kPart), kLargest));
}

bool is_of_the_last_descriptors(int fd) noexcept {
  return fd >= 0 && fd >= first_of_the_last_descriptors();
}

}  // namespace autohttps
