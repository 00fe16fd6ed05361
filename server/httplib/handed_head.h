// The head that cpp-httplib gets to read: the client's, without what the library, in some version
// that a distribution ships, can be tricked by. Pure text.
//
// What differs from the head that came:
// - Fields that say where a request came from (REMOTE_ADDR and its like) are dropped: the library
//   adds its own behind them, and handlers would read the client's (CVE-2025-66570).
// - The library decodes %XX and %uXXXX in values. Where that would make a control byte, "%25"
//   stands for the "%", so that handlers read the escape as it was sent (CVE-2026-45372). Versions
//   that do not decode (0.44 and later) show them the "%25".
// - An absolute-form target becomes origin-form, and Host what the target named (RFC 9112 3.2.2).
// - Expect is dropped, since the engine answers it, unless it is to be kept.
// - A length beside "chunked", where the scanner was lenient with it, is dropped (RFC 9112 6.3).
// - A Range of very many parts is dropped, as RFC 9110 14.2 allows: old versions send each of them,
//   however they overlap, and so thousands of times the file.
#pragma once

#include <autohttps/server/engine/head_view.h>

#include <cstdint>
#include <string>

namespace autohttps {

enum class HandedExpect : std::uint8_t { dropped, kept };

// Nothing needs to be changed: the head's own text does. Cheap, and so for nearly every request.
bool can_be_handed_as_it_is(const HeadView&, HandedExpect = HandedExpect::dropped) noexcept;

// Request line to empty line.
void append_handed_head(std::string& out, const HeadView&, HandedExpect = HandedExpect::dropped);

}  // namespace autohttps
