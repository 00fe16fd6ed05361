#include <autohttps/acme/issuance/poll_schedule.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace autohttps::acme {
namespace {

// Ten polls within 2 s: a CA that validates at once is asked at once, one that takes a breath is
// not hammered.
constexpr std::array<int, 10> kFirstWaits = {20, 30, 50, 80, 120, 180, 250, 350, 430, 490};
constexpr std::chrono::milliseconds kSecond{1000};
constexpr std::chrono::milliseconds kLongest{60'000};

}  // namespace

std::chrono::milliseconds PollSchedule::next(
    std::optional<std::chrono::milliseconds> retry_after) noexcept {
  const auto poll = static_cast<std::size_t>(polls_);
  if (polls_ < 1000) ++polls_;
  std::chrono::milliseconds wait = kSecond;
  if (poll < kFirstWaits.size()) {
    wait = std::chrono::milliseconds(kFirstWaits[poll]);
  } else {
    for (std::size_t i = kFirstWaits.size(); i < poll && wait < kLongest; ++i) wait = wait * 3 / 2;
    wait = std::min(wait, kLongest);
  }
  return std::max<std::chrono::milliseconds>(wait,
                                             retry_after.value_or(std::chrono::milliseconds(0)));
}

}  // namespace autohttps::acme
