#include <autohttps/server/engine/head_scanner.h>

#include <autohttps/server/engine/head_meaning.h>
#include <autohttps/server/engine/octets.h>

#include <algorithm>

namespace autohttps {
namespace {

constexpr int kBadRequest = 400;
constexpr int kTargetTooLong = 414;
constexpr int kHeadTooLarge = 431;
constexpr int kNotImplemented = 501;
constexpr int kVersionNotSupported = 505;

// RFC 9112 2.2: old clients send an empty line after a body that was not counted.
constexpr std::size_t kMostEmptyLines = 4;
constexpr std::size_t kLongestMethod = 32;  // RFC 9112 3: longer than any that is known: 501

constexpr std::string_view kUsualEnd = "HTTP/1.1\r\n";

// RFC 9110 5.5: not part of the value. Almost always one space before it, hence no search.
std::string_view without_space_around(std::string_view value) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
  return value;
}

bool fits(std::string_view pattern, std::size_t i, char c) noexcept {
  return pattern[i] == 'd' ? is_digit(c) : pattern[i] == c;
}

// Whatever is let through: these end it for one reader or another.
bool ends_value(char c) noexcept { return c == '\r' || c == '\n' || c == '\0'; }

// What every step answers a byte with that has no place where it stands.
template <typename Step>
Step refuse(HeadResult& result, int status, const char* reason) noexcept {
  result.status = status;
  result.reason = reason;
  return Step::refused;
}

}  // namespace

void HeadView::clear() noexcept {
  text = method = target = version = authority = resource = host = {};
  fields.clear();
  length.reset();
  chunked = expects_continue = wants_close = wants_upgrade = false;
}

HeadResult HeadScanner::scan(std::string_view buffered, const HeadLimits& limits, HeadView& view) {
  const bool resumed = position_ != 0;
  HeadResult result;
  view.clear();
  Step step = advance(buffered, limits, view, result);
  if (step == Step::end && resumed) {
    // The lines seen in earlier calls were of a buffer that may have moved since: once more, whole.
    reset();
    view.clear();
    step = advance(buffered, limits, view, result);
  }
  if (step == Step::more) {
    view.clear();
    return result;
  }
  if (step == Step::end) {
    view.text = buffered.substr(start_, position_ - start_);
    result.kind = HeadResult::Kind::complete;
    result.consumed = position_;
    if (!find_meaning(view, limits, result)) step = Step::refused;
  }
  if (step == Step::refused) {
    result.kind = HeadResult::Kind::refused;
    result.consumed = 0;
    view.clear();
  }
  reset();
  return result;
}

HeadScanner::Step HeadScanner::advance(std::string_view buffered, const HeadLimits& limits,
                                       HeadView& view, HeadResult& result) {
  if (phase_ == Phase::before) {
    const Step step = skip_empty_lines(buffered, result);
    if (step != Step::next) return step;
  }
  const std::string_view text = buffered.substr(0, start_ + limits.bytes);
  for (;;) {
    Step step = Step::next;
    // One after the other where all is there, as it nearly always is.
    switch (phase_) {
      case Phase::before:
      case Phase::method:
        step = scan_method(text, view, result);
        if (step != Step::next) break;
        [[fallthrough]];
      case Phase::target:
        step = scan_target(text, limits, view, result);
        if (step != Step::next) break;
        [[fallthrough]];
      case Phase::version:
        step = scan_version(text, view, result);
        if (step != Step::next) break;
        [[fallthrough]];
      case Phase::line:
        step = begin_line(text, limits, result);
        if (step != Step::next) break;
        [[fallthrough]];
      case Phase::name:
        step = scan_name(text, result);
        if (step != Step::next) break;
        [[fallthrough]];
      case Phase::value:
        step = scan_value(text, limits, view, result);
        break;
    }
    if (step == Step::more && text.size() - start_ == limits.bytes) {
      return refuse<Step>(result, kHeadTooLarge, "the head is too large");
    }
    if (step != Step::next) return step;
  }
}

HeadScanner::Step HeadScanner::skip_empty_lines(std::string_view text, HeadResult& result) {
  while (position_ < text.size()) {
    const bool after_cr = position_ % 2 == 1;
    const char c = text[position_];
    if (!after_cr && c != '\r') {
      start_ = element_ = position_;
      phase_ = Phase::method;
      return Step::next;
    }
    if (after_cr && c != '\n') {
      return refuse<Step>(result, kBadRequest, "a CR without a LF");
    }
    if (++position_ > 2 * kMostEmptyLines) {
      return refuse<Step>(result, kBadRequest, "empty lines in place of a request");
    }
  }
  return Step::more;
}

HeadScanner::Step HeadScanner::scan_method(std::string_view text, HeadView& view,
                                           HeadResult& result) {
  const std::size_t stop = std::min(text.size(), element_ + kLongestMethod + 1);
  position_ += span_of(kTokenOctet, text.substr(position_, stop - position_));
  if (position_ - element_ > kLongestMethod) {
    return refuse<Step>(result, kNotImplemented, "no method is that long");
  }
  if (position_ == text.size()) return Step::more;
  if (position_ == element_ || text[position_] != ' ') {
    return refuse<Step>(result, kBadRequest, "the method is no token");
  }
  view.method = text.substr(element_, position_ - element_);
  element_ = ++position_;
  phase_ = Phase::target;
  return Step::next;
}

HeadScanner::Step HeadScanner::scan_target(std::string_view text, const HeadLimits& limits,
                                           HeadView& view, HeadResult& result) {
  const std::size_t stop = std::min(text.size(), element_ + limits.target + 1);
  for (;; ++position_) {
    position_ += span_of(kTargetOctet, text.substr(position_, stop - position_));
    if (position_ == stop || text[position_] != '#' || !limits.lenient) break;
  }
  if (position_ - element_ > limits.target) {
    return refuse<Step>(result, kTargetTooLong, "the target is too long");
  }
  if (position_ == text.size()) return Step::more;
  const char c = text[position_];
  if (c == '#') return refuse<Step>(result, kBadRequest, "the target has a fragment");
  if (c == '\r' || c == '\n') return refuse<Step>(result, kBadRequest, "there is no version");
  if (c != ' ') {
    return refuse<Step>(result, kBadRequest, "the target has bytes outside visible ASCII");
  }
  if (position_ == element_) return refuse<Step>(result, kBadRequest, "there is no target");
  view.target = text.substr(element_, position_ - element_);
  element_ = ++position_;
  phase_ = Phase::version;
  return Step::next;
}

HeadScanner::Step HeadScanner::scan_version(std::string_view text, HeadView& view,
                                            HeadResult& result) {
  constexpr std::string_view kPattern = "HTTP/d.d\r\n";
  constexpr std::size_t kEnd = kPattern.find('\r');
  if (text.substr(element_, kPattern.size()) == kUsualEnd) position_ = element_ + kPattern.size();
  while (position_ - element_ < kPattern.size()) {
    if (position_ == text.size()) return Step::more;
    if (!fits(kPattern, position_ - element_, text[position_])) {
      return refuse<Step>(result, kBadRequest, "the request line does not end with a version");
    }
    ++position_;
    const std::string_view version = text.substr(element_, position_ - element_);
    if (version.size() == kEnd && version != "HTTP/1.1" && version != "HTTP/1.0") {
      return refuse<Step>(result, kVersionNotSupported, "only HTTP/1.1 and HTTP/1.0 here");
    }
  }
  view.version = text.substr(element_, kEnd);
  phase_ = Phase::line;
  return Step::next;
}

HeadScanner::Step HeadScanner::begin_line(std::string_view text, const HeadLimits& limits,
                                          HeadResult& result) {
  if (position_ == text.size()) return Step::more;
  const char c = text[position_];
  if (c == '\r') {
    if (position_ + 1 == text.size()) return Step::more;
    if (text[position_ + 1] != '\n') {
      return refuse<Step>(result, kBadRequest, "a CR without a LF");
    }
    position_ += 2;
    return Step::end;
  }
  if (lines_ == limits.lines) {
    return refuse<Step>(result, kHeadTooLarge, "the head has too many fields");
  }
  ++lines_;
  if (c == ' ' || c == '\t') {
    // RFC 9112 5.2: obs-fold; RFC 9112 2.2: white space before the first field.
    return refuse<Step>(result, kBadRequest, "a field is folded, or begins with white space");
  }
  element_ = position_;
  phase_ = Phase::name;
  return Step::next;
}

HeadScanner::Step HeadScanner::scan_name(std::string_view text, HeadResult& result) {
  position_ += span_of(kTokenOctet, text.substr(position_));
  if (position_ == text.size()) return Step::more;
  const char c = text[position_];
  if (c != ':' || position_ == element_) {
    return refuse<Step>(result, kBadRequest,
                        c == ' ' || c == '\t' ? "white space between a field's name and its colon"
                                              : "a field's name is no token");
  }
  colon_ = position_++;
  phase_ = Phase::value;
  return Step::next;
}

HeadScanner::Step HeadScanner::scan_value(std::string_view text, const HeadLimits& limits,
                                          HeadView& view, HeadResult& result) {
  for (;; ++position_) {
    position_ += span_of_value(text.substr(position_));
    if (position_ == text.size()) return Step::more;
    if (!limits.lenient || ends_value(text[position_])) break;
  }
  switch (text[position_]) {
    case '\r':
      break;
    case '\n':
      return refuse<Step>(result, kBadRequest, "a LF without a CR");
    default:
      return refuse<Step>(result, kBadRequest, "a field has a control byte");
  }
  if (position_ + 1 == text.size()) return Step::more;
  if (text[position_ + 1] != '\n') return refuse<Step>(result, kBadRequest, "a CR without a LF");
  view.fields.push_back({text.substr(element_, colon_ - element_),
                         without_space_around(text.substr(colon_ + 1, position_ - colon_ - 1))});
  position_ += 2;
  phase_ = Phase::line;
  return Step::next;
}

}  // namespace autohttps
