// The files of a folder as answers to GET and HEAD.
#pragma once

#include <autohttps/common/owned_fd.h>
#include <autohttps/server/engine/request_head.h>

#include <cstdint>
#include <filesystem>

namespace autohttps {

struct FileAnswer {
  int status = 404;
  HeaderFields fields{};  // all but the length
  OwnedFd file{};         // for 200 and 206: `length` bytes of it from `offset` on
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Thread-safe; the folder is looked up at each request, so that a link may be turned to a new
// release. Links beneath it are followed as long as they stay beneath it (openat2(2)). A folder
// gives its index.html, and nothing where it has none. Conditional requests and one range at a time
// (RFC 9110 13, 14). Never throws but for memory.
class FileAnswers {
 public:
  explicit FileAnswers(std::filesystem::path root) : root_(std::move(root)) {}

  FileAnswer answer(const RequestHead&) const;

 private:
  const std::filesystem::path root_;
};

}  // namespace autohttps
