#include <autohttps/server/sites/file_content.h>

#include <autohttps/common/timestamps.h>
#include <autohttps/server/sites/media_types.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace autohttps {
namespace {

std::string hex(std::uint64_t number) {
  char digits[16];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number, 16).ptr;
  return std::string(std::begin(digits), end);
}

// What is to be the same from every build has no time (Nix sets 1, OSTree 0): of two such files of
// one length only the kernel knows that they are not one.
bool has_a_time(const FileState& state) noexcept { return state.modified > 1; }

std::uint64_t nanoseconds(std::int64_t seconds, std::int64_t rest) noexcept {
  constexpr std::uint64_t kNanoseconds = 1'000'000'000;
  return static_cast<std::uint64_t>(seconds) * kNanoseconds + static_cast<std::uint64_t>(rest);
}

std::uint64_t version_of(const FileState& state) noexcept {
  if (has_a_time(state)) return nanoseconds(state.modified, state.modified_ns);
  constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15;  // the inode is nobody's business
  return nanoseconds(state.changed, state.changed_ns) + state.inode * kSpread;
}

std::string tag_of(const FileState& state, std::string_view coding) {
  std::string tag = "\"" + hex(version_of(state)) + "-" + hex(state.size);
  if (!coding.empty()) tag.append("-").append(coding);
  return tag += '"';
}

std::string fields_of(const FileContent& content) {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty() || !is_field_value(value)) return;  // a type is what a table says
    text.append(name).append(": ").append(value).append("\r\n");
  };
  add("ETag", content.tag);
  add("Last-Modified", content.modified);
  add("Accept-Ranges", "bytes");
  add("Content-Type", content.type);
  return text;
}

class PartBody final : public BodySource {
 public:
  PartBody(ReadableContent content, ByteRange part)
      : content_(std::move(content)), length_(part.length), next_(part.first), left_(part.length) {}

  std::optional<std::uint64_t> length() const noexcept override { return length_; }
  Pulled read(std::span<char> into) noexcept override {
    if (left_ == 0) return {};
    const Pulled got = content_.read(
        next_, into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_))));
    next_ += got.bytes;
    left_ -= got.bytes;
    return got;
  }
  std::string_view whole() const noexcept override {
    const std::optional<std::string>& bytes = content_.about->bytes;
    return bytes ? std::string_view(*bytes).substr(next_, left_) : std::string_view();
  }

 private:
  const ReadableContent content_;
  const std::uint64_t length_;
  std::uint64_t next_, left_;
};

class PartsBody final : public BodySource {
 public:
  struct Part {
    std::string head;
    ByteRange range;
  };
  // The last part is nothing but what stands behind all others.
  PartsBody(ReadableContent content, std::vector<Part> parts)
      : content_(std::move(content)), parts_(std::move(parts)) {
    for (const Part& part : parts_) length_ += part.head.size() + part.range.length;
  }

  std::optional<std::uint64_t> length() const noexcept override { return length_; }
  Pulled read(std::span<char> into) noexcept override {
    while (current_ < parts_.size()) {
      const auto& [head, range] = parts_[current_];
      if (in_part_ < head.size()) {
        const std::size_t count = std::min(head.size() - in_part_, into.size());
        std::memcpy(into.data(), head.data() + in_part_, count);
        in_part_ += count;
        return Pulled::some(count);
      }
      const std::uint64_t sent = in_part_ - head.size();
      if (sent < range.length) {
        const std::uint64_t most = std::min<std::uint64_t>(into.size(), range.length - sent);
        const Pulled got =
            content_.read(range.first + sent, into.first(static_cast<std::size_t>(most)));
        in_part_ += got.bytes;
        return got;
      }
      ++current_;
      in_part_ = 0;
    }
    return {};
  }

 private:
  const ReadableContent content_;
  const std::vector<Part> parts_;
  std::uint64_t length_ = 0;
  std::size_t current_ = 0;
  std::uint64_t in_part_ = 0;
};

}  // namespace

FileContent::FileContent(const FileState& of, std::string_view media_type, std::string_view coding)
    : state(of),
      type(media_type),
      is_compressible(autohttps::is_compressible(media_type)),
      tag(tag_of(of, coding)),
      modified(has_a_time(of) ? format_http_date(from_unix_seconds(of.modified)) : std::string()),
      length(std::to_string(of.size)),
      fields(fields_of(*this)) {}

Pulled ReadableContent::read(std::uint64_t offset, std::span<char> into) const noexcept {
  if (about->bytes) {
    const std::string& bytes = *about->bytes;
    if (offset >= bytes.size()) return {Pulled::Kind::broken};
    const std::size_t count = std::min(into.size(), bytes.size() - offset);
    std::memcpy(into.data(), bytes.data() + offset, count);
    return Pulled::some(count);
  }
  ssize_t count = 0;
  do {
    count = ::pread(file.get(), into.data(), into.size(), static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return {Pulled::Kind::broken};
  return Pulled::some(static_cast<std::size_t>(count));
}

std::unique_ptr<BodySource> part_of(ReadableContent content, ByteRange part) {
  return std::make_unique<PartBody>(std::move(content), part);
}

std::unique_ptr<BodySource> parts_of(ReadableContent content, const std::vector<ByteRange>& ranges,
                                     const std::string& boundary) {
  std::vector<PartsBody::Part> parts;
  parts.reserve(ranges.size() + 1);
  for (const ByteRange& range : ranges) {
    parts.push_back(
        {(parts.empty() ? "--" : "\r\n--") + boundary + "\r\nContent-Type: " + content.about->type +
             "\r\nContent-Range: " + content_range(range, content.about->length) + "\r\n\r\n",
         range});
  }
  parts.push_back({"\r\n--" + boundary + "--\r\n", {}});
  return std::make_unique<PartsBody>(std::move(content), std::move(parts));
}

std::string content_range(const ByteRange& range, std::string_view length) {
  std::string text = "bytes " + std::to_string(range.first) + "-" +
                     std::to_string(range.first + range.length - 1) + "/";
  return text.append(length);
}

}  // namespace autohttps
