#include <autohttps/acme/management/start_delay.h>

#include <algorithm>

namespace autohttps::acme {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::minutes kLongest{3};  // no second has then more than 1 % of them

}  // namespace

milliseconds start_delay(const std::vector<WallTime>& expiries, WallTime now, double scatter) {
  if (expiries.empty()) return milliseconds(0);
  const auto left = std::chrono::duration_cast<milliseconds>(
      *std::min_element(expiries.begin(), expiries.end()) - now);
  const milliseconds longest = std::clamp<milliseconds>(left / 8, milliseconds(0), kLongest);
  return std::chrono::duration_cast<milliseconds>(longest * std::clamp(scatter, 0.0, 1.0));
}

}  // namespace autohttps::acme
