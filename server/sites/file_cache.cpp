#include <autohttps/server/sites/file_cache.h>

#include <utility>

namespace autohttps {
namespace {

constexpr std::size_t kMostEntries = 512;  // of a shard

std::size_t cost_of(const FileContent& content) {
  return content.bytes ? content.bytes->size() : 0;
}

}  // namespace

FileCache::Shard& FileCache::shard_of(std::string_view name) const {
  return shards_[NameHash()(name) / 64 % kShards];
}

std::shared_ptr<const FileContent> FileCache::find(std::string_view name) const {
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.by_name.find(name);
  if (found == shard.by_name.end()) return nullptr;
  found->second->used = true;
  return found->second->content;
}

void FileCache::Shard::remove(std::list<Entry>::iterator entry, std::list<Entry>& removed) {
  bytes -= cost_of(*entry->content);
  by_name.erase(entry->name);
  removed.splice(removed.end(), entries, entry);
}

void FileCache::keep(std::string_view name, std::shared_ptr<const FileContent> content) {
  const std::size_t cost = cost_of(*content);
  if (cost > most_bytes_) return;
  std::list<Entry> added, removed;  // made before the lock is taken, freed after it is given back
  added.push_back({std::string(name), std::move(content)});
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  if (const auto old = shard.by_name.find(name); old != shard.by_name.end()) {
    shard.remove(old->second, removed);
  }
  while (!shard.entries.empty() &&
         (shard.bytes + cost > most_bytes_ || shard.entries.size() >= kMostEntries)) {
    const auto oldest = shard.entries.begin();
    if (std::exchange(oldest->used, false)) {
      shard.entries.splice(shard.entries.end(), shard.entries, oldest);
    } else {
      shard.remove(oldest, removed);
    }
  }
  shard.by_name.emplace(added.front().name, added.begin());
  shard.entries.splice(shard.entries.end(), added);
  shard.bytes += cost;
}

}  // namespace autohttps
