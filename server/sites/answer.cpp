#include <autohttps/server/sites/answer.h>

#include <autohttps/server/engine/response_text.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace autohttps {
namespace {

class TextBody final : public BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::optional<std::uint64_t> length() const noexcept override { return text_.size(); }
  std::string_view whole() const noexcept override { return std::string_view(text_).substr(sent_); }
  Pulled read(std::span<char> into) noexcept override {
    const std::size_t count = std::min(into.size(), text_.size() - sent_);
    if (count == 0) return {};
    std::memcpy(into.data(), text_.data() + sent_, count);
    sent_ += count;
    return Pulled::some(count);
  }

 private:
  const std::string text_;
  std::size_t sent_ = 0;
};

}  // namespace

std::unique_ptr<BodySource> text_body(std::string text) {
  return std::make_unique<TextBody>(std::move(text));
}

Answer status_answer(int status, HeaderFields fields) {
  fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
  std::string text = std::to_string(status) + " ";
  text.append(status_phrase(status)).append("\n");
  return {{status, std::move(fields)}, text_body(std::move(text))};
}

}  // namespace autohttps
