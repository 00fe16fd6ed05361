// Bytes of a connection on their way in or out.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace autohttps {

// Of one thread at a time. Holds memory only while it holds bytes: an idle connection has none. The
// blocks go round among the connections of a thread.
class Buffer {
 public:
  static constexpr std::size_t kBlock = 16 << 10;  // a TLS record

  ~Buffer();
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::string_view view() const noexcept { return {block_.get() + begin_, end_ - begin_}; }
  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }

  std::span<char> space(std::size_t least);  // behind the content; throws std::bad_alloc
  void grow(std::size_t used) noexcept { end_ += used; }  // of space()
  void append(std::string_view);
  void consume(std::size_t) noexcept;  // from the front
  void shrink() noexcept;              // to its content, which will stay for a while
  void clear() noexcept;

 private:
  void take_block(std::size_t capacity);
  void give_block_back() noexcept;

  std::unique_ptr<char[]> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace autohttps
