// When each certificate of a large store is next to be looked at: a look then costs what is due,
// not what is there (not installed).
#pragma once

#include <autohttps/common/clock.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace autohttps::acme {

// A value: what was seen of each certificate, some hundred bytes each.
class DuePlan {
 public:
  // Those there are now; others are forgotten, new ones are unknown.
  void keep_only(const std::vector<std::string>& ids);
  // `stamp`: CertificateStore::stamp() from before the look that found `next`.
  void note(std::string_view id, std::size_t stamp, WallTime next);
  // Nothing is known of it, or it is not what it was.
  bool is_outdated(std::string_view id, std::size_t stamp) const;

  std::vector<std::string> due(WallTime now) const;
  std::optional<WallTime> next() const;  // the earliest of those that are known
  void forget_all() { seen_.clear(); }

 private:
  struct Seen {
    std::size_t stamp = 0;
    std::optional<WallTime> next;  // empty: not looked at
  };
  std::unordered_map<std::string, Seen> seen_;
};

}  // namespace autohttps::acme
