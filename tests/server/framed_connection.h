// A connection of framing alone: what a server makes of a byte stream before any handler.
#pragma once

#include <autohttps/server/engine/chunked_decoder.h>
#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/tests/support/hostile_requests.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps {

class FramedConnection {
 public:
  void feed(std::string_view piece) {
    // In fresh memory each time: who keeps a view into the old is found by AddressSanitizer.
    buffer_ = std::string(buffer_).append(piece);
    while (!ended && (in_body_ ? take_body() : take_head())) {
    }
  }

  std::vector<HostileAnswer> answers;
  bool ended = false;

 private:
  bool take_head() {
    HeadView view;
    const HeadResult result = scanner_.scan(buffer_, {}, view);
    if (result.kind == HeadResult::Kind::incomplete) return false;
    if (result.kind == HeadResult::Kind::refused) return refuse(result.status);
    length_ = view.length.value_or(0);
    chunked_ = view.chunked;
    closes_ = view.wants_close;
    decoder_ = ChunkedDecoder();
    body_.clear();
    in_body_ = true;
    buffer_.erase(0, result.consumed);
    return true;
  }

  bool take_body() {
    if (chunked_) return take_chunks();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(length_, buffer_.size()));
    body_.append(buffer_, 0, size);
    buffer_.erase(0, size);
    length_ -= size;
    return length_ == 0 && answer();
  }

  bool take_chunks() {
    std::string_view input = buffer_;
    auto state = ChunkedDecoder::State::more;
    while (state == ChunkedDecoder::State::more && !input.empty()) {
      std::string_view data;
      state = decoder_.decode(input, data);
      body_.append(data);
    }
    buffer_ = std::string(input);
    if (state == ChunkedDecoder::State::bad) return refuse(400);
    return state == ChunkedDecoder::State::done && answer();
  }

  bool answer() {
    answers.emplace_back(200, body_);
    in_body_ = false;
    ended = closes_;
    return true;
  }

  bool refuse(int status) {
    answers.emplace_back(status);
    ended = true;
    return true;
  }

  std::string buffer_, body_;
  HeadScanner scanner_;
  ChunkedDecoder decoder_;
  std::uint64_t length_ = 0;
  bool chunked_ = false, closes_ = false, in_body_ = false;
};

}  // namespace autohttps
