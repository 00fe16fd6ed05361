// The files beneath a root, and what is known of them from one request to the next.
#pragma once

#include <autohttps/server/sites/file_cache.h>
#include <autohttps/server/sites/file_content.h>
#include <autohttps/server/sites/file_tree.h>
#include <autohttps/server/sites/media_types.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace autohttps {

// Thread-safe. Every file is looked up and opened beneath the root at every request, but for this:
// of a small one whose bytes are kept, one stat(2) of its path, which follows links wherever they
// lead, is enough while it finds the very state (device, inode, size, times of modification and of
// change to the nanosecond) that the bytes were read in, from a file that the kernel had found
// beneath the root, at most a second ago; and one such look is enough for all requests that had
// come before it (see event_round.h). So
// - an answer is never older than its request: each write, truncation or replacement, each rename,
//   link or chmod of the file is another state, as is another file that the path leads to now, by a
//   release folder that was turned or by a rename at that moment;
// - nothing is sent that was not read beneath the root: of a path that leads outside by now the
//   file is another, and if its folder was moved outside and linked to from its old place, it is
//   the same file, whose bytes all could have here a second ago and nobody has changed since; a
//   second later it is not found either.
class KnownFiles {
 public:
  KnownFiles(const std::filesystem::path& root, std::size_t memory,
             std::shared_ptr<const MediaTypes> types)
      : tree_(root), types_(std::move(types)), keeps_(memory > 0), cache_(memory) {}

  struct Found {
    ReadableContent content{};  // of a regular file, else without `about`
    OpenedFile other{};         // what is there instead
  };
  Found find(const std::string& path) { return find(path, {}, {}); }
  // As what it is in this coding: `type` and `coding` are always the same for one path.
  Found find(const std::string& path, std::string_view type, std::string_view coding);
  OpenedFile open_folder(const std::string& path) const { return tree_.open(path); }

 private:
  const FileTree tree_;
  const std::shared_ptr<const MediaTypes> types_;
  const bool keeps_;
  FileCache cache_;
};

}  // namespace autohttps
