#include <autohttps/acme/challenges/answering_ways.h>

#include <utility>

namespace autohttps::acme {

void AnsweringWays::open(std::string_view type) {
  const std::lock_guard lock(mutex_);
  if (const auto found = obstacles_.find(type); found != obstacles_.end()) obstacles_.erase(found);
}

void AnsweringWays::close(std::string_view type, std::string why) {
  const std::lock_guard lock(mutex_);
  obstacles_.insert_or_assign(std::string(type), std::move(why));
}

std::optional<std::string> AnsweringWays::obstacle(std::string_view type) const {
  const std::lock_guard lock(mutex_);
  const auto found = obstacles_.find(type);
  if (found == obstacles_.end()) return std::nullopt;
  return found->second;
}

}  // namespace autohttps::acme
