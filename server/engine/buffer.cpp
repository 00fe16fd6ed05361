#include <autohttps/server/engine/buffer.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace autohttps {
namespace {

// One block in, one block out: what a thread needs for a request.
constexpr std::size_t kSpares = 2;
thread_local std::unique_ptr<char[]> spares[kSpares];

constexpr std::size_t kSmall = 512;  // what shrink() rounds up to

}  // namespace

Buffer::~Buffer() { clear(); }

std::span<char> Buffer::space(std::size_t least) {
  if (!block_) take_block(std::max(least, kBlock));
  if (capacity_ - end_ < least) {
    if (capacity_ - size() >= least) {
      std::memmove(block_.get(), block_.get() + begin_, size());
    } else {
      const std::size_t capacity = std::max({capacity_ * 2, size() + least, kBlock});
      std::unique_ptr<char[]> bigger(new char[capacity]);  // not make_unique: it writes zeros
      std::memcpy(bigger.get(), block_.get() + begin_, size());
      const std::size_t content = size();
      give_block_back();
      block_ = std::move(bigger);
      capacity_ = capacity;
      begin_ = 0;
      end_ = content;
      return {block_.get() + end_, capacity_ - end_};
    }
    end_ -= begin_;
    begin_ = 0;
  }
  return {block_.get() + end_, capacity_ - end_};
}

void Buffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(space(bytes.size()).data(), bytes.data(), bytes.size());
  end_ += bytes.size();
}

void Buffer::consume(std::size_t count) noexcept {
  begin_ += count;
  if (begin_ == end_) clear();
}

void Buffer::shrink() noexcept {
  if (!block_ || capacity_ <= kSmall) return;
  const std::size_t capacity = (size() + kSmall - 1) / kSmall * kSmall;
  if (capacity >= capacity_ / 2) return;
  std::unique_ptr<char[]> smaller(new (std::nothrow) char[capacity]);
  if (!smaller) return;
  const std::size_t content = size();
  std::memcpy(smaller.get(), block_.get() + begin_, content);
  give_block_back();
  block_ = std::move(smaller);
  capacity_ = capacity;
  end_ = content;
}

void Buffer::clear() noexcept {
  if (block_) give_block_back();
}

void Buffer::take_block(std::size_t capacity) {
  if (capacity == kBlock) {
    for (std::unique_ptr<char[]>& spare : spares) {
      if (!spare) continue;
      block_ = std::move(spare);
      break;
    }
  }
  if (!block_) block_.reset(new char[capacity]);
  capacity_ = capacity;
  begin_ = end_ = 0;
}

void Buffer::give_block_back() noexcept {
  if (capacity_ == kBlock) {
    for (std::unique_ptr<char[]>& spare : spares) {
      if (spare) continue;
      spare = std::move(block_);
      break;
    }
  }
  block_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace autohttps
