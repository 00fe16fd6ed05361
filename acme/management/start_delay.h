// Whether a server that has just been started waits before it renews. Pure.
#pragma once

#include <autohttps/common/clock.h>

#include <chrono>
#include <vector>

namespace autohttps::acme {

// After an outage or a rollout thousands start in the same second, all with certificates that
// became due meanwhile: none of them need ask in that second (RELIABILITY F40). `expiries`: of the
// certificates that are due. Zero when there is none, or when one of them is no longer good: then
// somebody waits. Else up to three minutes, and an eighth of what the first of them has left.
// `scatter`: 0..1 at random.
std::chrono::milliseconds start_delay(const std::vector<WallTime>& expiries, WallTime now,
                                      double scatter);

}  // namespace autohttps::acme
