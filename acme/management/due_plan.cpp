#include <autohttps/acme/management/due_plan.h>

#include <algorithm>
#include <utility>

namespace autohttps::acme {

void DuePlan::keep_only(const std::vector<std::string>& ids) {
  std::unordered_map<std::string, Seen> kept;
  kept.reserve(ids.size());
  for (const std::string& id : ids) {
    const auto found = seen_.find(id);
    kept.emplace(id, found == seen_.end() ? Seen() : found->second);
  }
  seen_ = std::move(kept);
}

void DuePlan::note(std::string_view id, std::size_t stamp, WallTime next) {
  seen_[std::string(id)] = {stamp, next};
}

bool DuePlan::is_outdated(std::string_view id, std::size_t stamp) const {
  const auto found = seen_.find(std::string(id));
  return found == seen_.end() || !found->second.next || found->second.stamp != stamp;
}

std::vector<std::string> DuePlan::due(WallTime now) const {
  std::vector<std::string> ids;
  for (const auto& [id, seen] : seen_) {
    if (seen.next && *seen.next <= now) ids.push_back(id);
  }
  return ids;
}

std::optional<WallTime> DuePlan::next() const {
  std::optional<WallTime> next;
  for (const auto& [id, seen] : seen_) {
    if (seen.next) next = next ? std::min(*next, *seen.next) : *seen.next;
  }
  return next;
}

}  // namespace autohttps::acme
