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

// Thread-safe, bounded. It holds no descriptors, decides nothing and knows no paths of the file
// system: whoever asks has opened the file beneath its root for this very request, and shows its
// state. Only a content of the same file in the same state is given, so what is remembered can
// neither be older than the file nor come from anywhere that the open file does not: the cache
// spares reading and wording, not looking. (One stat(2) of the path in place of the look-up is 0.6
// us less, and was not taken: a folder that is moved out of the root and linked to from its old
// place would be served on.)
class FileCache {
 public:
  explicit FileCache(std::size_t most_bytes) : most_bytes_(most_bytes / kShards) {}

  std::shared_ptr<const FileContent> find(std::string_view name, const FileState&) const;
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
