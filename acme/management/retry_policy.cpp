#include <autohttps/acme/management/retry_policy.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// No doubling of a variable that a thousand failures could overflow (CVE-2025-55753): tables and
// caps.
constexpr seconds kFirstUnreached{5};
constexpr seconds kLongestUnreached{300};
// With nothing to serve the site is down: for ten minutes the CA's return is noticed at once.
constexpr int kImpatientFailures = 120;
constexpr seconds kDaily{86400};
constexpr minutes kScatter{3};           // no second has then more than 1 % of them
constexpr seconds kLongestAsked{86400};  // a Retry-After beyond a day is cut (RELIABILITY 2.1)

// CA not reached: nothing was asked of it, so trying again soon costs it nothing.
seconds after_unreached(int failures, bool has_certificate) {
  if (!has_certificate) failures = std::max(failures - kImpatientFailures, 1);
  constexpr int kDoublings = 6;  // 5 s * 2^6 > 5 min
  return std::min(kFirstUnreached * (1 << std::min(failures - 1, kDoublings)), kLongestUnreached);
}

// Let's Encrypt's guide for failures that it answered: 1, 10, 100 minutes, then daily.
seconds after_answer(int failures) {
  if (failures == 1) return minutes(1);
  if (failures == 2) return minutes(10);
  if (failures == 3) return minutes(100);
  return kDaily;
}

milliseconds share(milliseconds of, double scatter) {
  return std::chrono::duration_cast<milliseconds>(of * std::clamp(scatter, 0.0, 1.0));
}

// Never beyond the longest of its kind, nor below what came before: the waits must not shrink. Of
// an unreached CA's the longest are scattered too: they go on until it is back.
milliseconds scattered(milliseconds wait, bool unreached, double scatter) {
  if (unreached && wait == kLongestUnreached) return wait - share(wait / 5, scatter);
  if (unreached) return wait + share(wait / 2, scatter);
  return std::min<milliseconds>(wait + share(kScatter, scatter), kDaily);
}

}  // namespace

Retry retry_after_failure(const Error& error, int failures, WallTime now,
                          std::optional<WallTime> not_after, double scatter) {
  failures = std::max(failures, 1);
  const bool unreached = error.code() == ErrorCode::network;
  milliseconds wait =
      unreached ? after_unreached(failures, not_after.has_value()) : after_answer(failures);
  wait = scattered(wait, unreached, scatter);
  // An expired certificate gives no reason to hurry any more: the CA's patience counts from then
  // on.
  if (not_after && *not_after > now) {
    const auto quarter = std::chrono::duration_cast<seconds>(*not_after - now) / 4;
    wait = std::min<milliseconds>(wait, std::max<seconds>(quarter, minutes(1)));
  }
  Retry retry{now + wait,
              unreached ? "the CA was not reached"
                        : "back-off after " + std::to_string(failures) +
                              (failures == 1 ? " failure" : " failures"),
              false};
  if (const auto asked = error.retry_at()) {
    const WallTime capped = std::min(*asked, now + kLongestAsked);
    if (capped > retry.at) {
      const auto by = std::min<milliseconds>(
          kScatter, std::chrono::duration_cast<milliseconds>(capped - now) / 2);
      retry.at = std::min<WallTime>(capped + share(by, scatter), now + kLongestAsked);
    }
    if (capped > now) {
      retry.binding = true;
      retry.reason =
          error.code() == ErrorCode::rate_limited ? "a rate limit" : "the CA asked to wait";
    }
  }
  return retry;
}

}  // namespace autohttps::acme
