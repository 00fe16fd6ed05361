// A request's body, whole: in memory, then in a file that has no name.
#pragma once

#include <autohttps/common/owned_fd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace autohttps {

// Of one thread at a time.
class RequestBody {
 public:
  // False: it could not be kept (no memory, no room on the disk).
  bool append(std::string_view piece, std::size_t in_memory,
              const std::filesystem::path& folder) noexcept;
  std::uint64_t size() const noexcept { return size_; }
  std::size_t read(std::span<char>) noexcept;       // from where the last one ended; 0: the end
  bool failed() const noexcept { return failed_; }  // the file could not be read back
  void clear() noexcept;

 private:
  bool append_to_file(std::string_view, const std::filesystem::path& folder);

  std::string memory_;
  OwnedFd file_;  // what comes after memory_
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
  bool failed_ = false;
};

}  // namespace autohttps
