// What had come before a moment, told to those who may look at the world once for all of it.
#pragma once

#include <cstdint>

namespace autohttps {

// A leader takes many events from the kernel at once. The number of these: requests that are
// handled under the same one had all begun to come in before the first of them was handled, so what
// one of them finds is not too old for any other. Never used twice in a process. 0: the calling
// thread handles no event, or has given the lead away.
std::uint64_t event_round() noexcept;

void begin_event_round() noexcept;  // the calling thread has just taken events
void leave_event_round() noexcept;

}  // namespace autohttps
