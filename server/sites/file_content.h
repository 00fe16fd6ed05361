// What is known of one state of a file: the words that its answers have, and perhaps its bytes.
#pragma once

#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/sites/byte_ranges.h>
#include <autohttps/server/sites/file_tree.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

// Immutable, but for what synchronises itself.
struct FileContent {
  // `coding` is part of the tag: representations of one resource never share one (RFC 9110 8.8.3).
  FileContent(const FileState&, std::string_view media_type, std::string_view coding);

  const FileState state;
  const std::string type;      // Content-Type
  const bool is_compressible;  // see media_types.h
  const std::string tag;       // ETag, strong: modification time to the nanosecond, and size
  const std::string modified;  // Last-Modified; empty: it says nothing
  const std::string length;    // in digits
  const std::string fields;    // see ResponseHead::ready: of an answer with all of it
  std::optional<std::string>
      bytes{};  // all of them, of a small file that is kept; set before shared

  // In coarse milliseconds. Until when it is known that there is nothing precompressed beside it,
  // and until when a look at its state will do, see KnownFiles.
  mutable std::atomic<std::int64_t> alone_until{0};
  mutable std::atomic<std::int64_t> glance_until{0};
  // The last event_round() in which its state was looked at.
  mutable std::atomic<std::uint64_t> seen_in{0};
};

// The bytes of a content, from memory or from the file.
struct ReadableContent {
  std::shared_ptr<const FileContent> about;
  OwnedFd file{};  // not needed where about->bytes are there

  // Never more than is there: of a file that became shorter, or cannot be read, `broken`.
  Pulled read(std::uint64_t offset, std::span<char>) const noexcept;
};

// A part of it as the body of an answer. What a file grows by meanwhile is not sent; one that
// becomes shorter ends the answer before its end, which clients see.
std::unique_ptr<BodySource> part_of(ReadableContent, ByteRange);

// Several (RFC 9110 14.6), each with its own head, and `boundary` around them.
std::unique_ptr<BodySource> parts_of(ReadableContent, const std::vector<ByteRange>&,
                                     const std::string& boundary);

std::string content_range(const ByteRange&, std::string_view length);  // "bytes 0-9/100"

}  // namespace autohttps
