// What is remembered of files between requests.
#pragma once

#include <autohttps/server/sites/file_content.h>

#include <array>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace autohttps {

// Thread-safe, bounded; holds no descriptors. Knows nothing of the file system: whoever asks shows
// the state that the file has now.
class FileCache {
 public:
  // `most_bytes`: of contents. What else is known of files takes half a KiB each, of 4,096 files.
  explicit FileCache(std::size_t most_bytes) : most_bytes_(most_bytes / kShards) {}

  // Whatever its state was.
  std::shared_ptr<const FileContent> find(std::string_view name) const;
  void keep(std::string_view name, std::shared_ptr<const FileContent>);

 private:
  static constexpr std::size_t kShards = 8;
  struct Entry {
    std::string name;
    std::shared_ptr<const FileContent> content;
    bool used = false;  // since the hand went by
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept {
      return std::hash<std::string_view>()(name);
    }
  };
  // Least recently used, nearly: the clock's hand goes over entries in the order they came in.
  struct Shard {
    mutable std::mutex mutex;  // guards the rest
    mutable std::list<Entry> entries;
    std::unordered_map<std::string_view, std::list<Entry>::iterator, NameHash, std::equal_to<>>
        by_name;
    std::size_t bytes = 0;
    void remove(std::list<Entry>::iterator, std::list<Entry>& removed);
  };
  Shard& shard_of(std::string_view name) const;

  const std::size_t most_bytes_;  // of a shard
  mutable std::array<Shard, kShards> shards_;
};

}  // namespace autohttps
