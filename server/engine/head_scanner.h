// The head of a request found and checked while it comes: RFC 9112 2 to 6, strictly. Pure.
#pragma once

#include <autohttps/server/engine/head_view.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace autohttps {

// One per connection. Remembers how far it has looked, so that a head that comes in drops costs
// time linear in its length. What is refused, and with which status, does not depend on how the
// bytes were cut up; a byte that cannot be part of a request is refused when it is seen.
class HeadScanner {
 public:
  // `buffered` begins where the request does, and in the next call with the same bytes again and
  // more, until the result is not `incomplete`; never more than limits.bytes (and a few for empty
  // lines) are needed. The view is filled when complete, else empty. After `complete` or `refused`
  // the next call begins anew.
  HeadResult scan(std::string_view buffered, const HeadLimits&, HeadView&);
  void reset() noexcept { *this = HeadScanner(); }

 private:
  enum class Phase : std::uint8_t { before, method, target, version, line, name, value };
  enum class Step : std::uint8_t { next, more, end, refused };

  Step advance(std::string_view buffered, const HeadLimits&, HeadView&, HeadResult&);
  Step skip_empty_lines(std::string_view, HeadResult&);
  Step scan_method(std::string_view, HeadView&, HeadResult&);
  Step scan_target(std::string_view, const HeadLimits&, HeadView&, HeadResult&);
  Step scan_version(std::string_view, HeadView&, HeadResult&);
  Step begin_line(std::string_view, const HeadLimits&, HeadResult&);
  Step scan_name(std::string_view, HeadResult&);
  Step scan_value(std::string_view, const HeadLimits&, HeadView&, HeadResult&);

  std::size_t position_ = 0;  // the next byte to look at
  std::size_t start_ = 0;     // of the request line
  std::size_t element_ = 0;   // where the method, target, version or field name begins
  std::size_t colon_ = 0;     // after the field name
  std::size_t lines_ = 0;
  Phase phase_ = Phase::before;
};

}  // namespace autohttps
