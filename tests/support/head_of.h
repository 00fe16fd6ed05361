// A request's head as a sink sees it, and what an answer to it holds.
#pragma once

#include <autohttps/server/engine/head_scanner.h>
#include <autohttps/server/sites/answer.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace autohttps {

// Of text that lives as long as this does.
class ScannedHead {
 public:
  explicit ScannedHead(std::string text) : text_(std::move(text)) {
    HeadLimits limits;
    limits.target = limits.bytes;
    if (HeadScanner().scan(text_, limits, view_).kind != HeadResult::Kind::complete) {
      throw std::invalid_argument("no head: " + text_);
    }
  }
  ScannedHead(const std::string& method, const std::string& target, const HeaderFields& fields)
      : ScannedHead(text_of(method, target, fields)) {}
  ScannedHead(const ScannedHead&) = delete;
  ScannedHead& operator=(const ScannedHead&) = delete;

  const HeadView& operator*() const noexcept { return view_; }
  const HeadView* operator->() const noexcept { return &view_; }

 private:
  static std::string text_of(const std::string& method, const std::string& target,
                             const HeaderFields& fields) {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: a.test\r\n";
    for (const auto& [name, value] : fields) text += name + ": " + value + "\r\n";
    return text + "\r\n";
  }

  const std::string text_;
  HeadView view_;
};

// All that the body gives, in pieces of that size; "(broken)" behind it where it breaks off.
inline std::string body_of(const Answer& answer, std::size_t piece = 4'096) {
  std::string body;
  std::string space(piece, '\0');
  while (answer.body) {
    const Pulled got = answer.body->read({space.data(), space.size()});
    if (got.kind == Pulled::Kind::broken) return body + "(broken)";
    if (got.kind != Pulled::Kind::bytes) break;
    body.append(space, 0, got.bytes);
  }
  return body;
}

inline std::string field_of(const Answer& answer, std::string_view name) {
  return std::string(first_field(answer.head.fields, name));
}

}  // namespace autohttps
