// When a certificate is due. Pure functions of times; never a constant of days (DESIGN 5).
#pragma once

#include <autohttps/common/clock.h>

#include <string>

namespace autohttps::acme {

struct Due {
  WallTime at;
  std::string reason;  // "2/3 of its 90 days", "half of its 6 days"
};

// 2/3 of life, half for lives below 10 days; earlier by up to 1/20 of life times jitter (0..1), so
// that many spread.
Due renewal_due(WallTime not_before, WallTime not_after, double jitter);

// How much of a life is left, 0..1; 0 for one that is none.
double life_left(WallTime not_before, WallTime not_after, WallTime now) noexcept;

}  // namespace autohttps::acme
