#include <autohttps/acme/management/renewal_policy.h>

#include <algorithm>
#include <chrono>

namespace autohttps::acme {
namespace {

constexpr std::chrono::days kShortLife{10};  // below: half of life, as Let's Encrypt asks

std::string life_in_words(WallTime::duration life) {
  using namespace std::chrono;
  const auto count = [&](auto unit, const char* name) {
    const auto whole = round<decltype(unit)>(life).count();
    return std::to_string(whole) + " " + name + (whole == 1 ? "" : "s");
  };
  if (life >= days(2)) return count(days(1), "day");
  if (life >= hours(2)) return count(hours(1), "hour");
  if (life >= minutes(2)) return count(minutes(1), "minute");
  return count(seconds(1), "second");
}

}  // namespace

Due renewal_due(WallTime not_before, WallTime not_after, double jitter) {
  const auto life = std::max(not_after - not_before, WallTime::duration::zero());
  const bool is_short = life < kShortLife;
  const auto share = is_short ? life / 2 : life / 3 * 2;
  const auto earlier = std::chrono::duration_cast<WallTime::duration>(
      std::chrono::duration<double, WallTime::period>(static_cast<double>((life / 20).count()) *
                                                      std::clamp(jitter, 0.0, 1.0)));
  return {not_before + share - earlier,
          (is_short ? "half of its " : "2/3 of its ") + life_in_words(life)};
}

double life_left(WallTime not_before, WallTime not_after, WallTime now) noexcept {
  const auto whole = not_after - not_before;
  if (whole.count() <= 0) return 0;
  const auto left = not_after - now;
  return std::clamp(static_cast<double>(left.count()) / static_cast<double>(whole.count()), 0.0,
                    1.0);
}

}  // namespace autohttps::acme
