// When to try again after a failure (DESIGN 5). Pure functions of times; cannot overflow
// (RELIABILITY F38).
#pragma once

#include <autohttps/common/clock.h>
#include <autohttps/common/error.h>

#include <optional>
#include <string>

namespace autohttps::acme {

struct Retry {
  WallTime at;
  std::string reason;
  bool binding = false;  // the CA's Retry-After or a limit: not even a person skips it
};

// `failures` in a row, this one included. CA not reached: 5 s doubling to 5 min; while there is no
// certificate at all (`not_after` empty) every 5 s for ten minutes first. CA answered, or
// validation failed, or a local problem: 1, 10, 100 min, then daily. Never longer than a quarter of
// what is left of the life (at least 1 min; an expired certificate hurries nobody any more); never
// sooner than the CA asked (clamped to 24 h).
// Never decreasing in `failures`. `scatter`, 0..1 at random, puts it off by up to three minutes
// (the daily ones are scattered by what came before; an unreached CA: by half of the wait), so that
// thousands whom one outage or one busy CA stopped in the same second do not come back in the same
// second (RELIABILITY F40).
Retry retry_after_failure(const Error&, int failures, WallTime now,
                          std::optional<WallTime> not_after, double scatter = 0);

}  // namespace autohttps::acme
