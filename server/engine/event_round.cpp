#include <autohttps/server/engine/event_round.h>

#include <atomic>

namespace autohttps {
namespace {

std::atomic<std::uint64_t> rounds{0};
thread_local std::uint64_t our_round = 0;

}  // namespace

std::uint64_t event_round() noexcept { return our_round; }

void begin_event_round() noexcept {
  our_round = rounds.fetch_add(1, std::memory_order_relaxed) + 1;
}

void leave_event_round() noexcept { our_round = 0; }

}  // namespace autohttps
