#include <autohttps/server/engine/counters.h>

namespace autohttps {

std::string_view name_of(Count what) noexcept {
  switch (what) {
    case Count::accepted:
      return "accepted";
    case Count::refused_connections:
      return "refused_connections";
    case Count::refused_address:
      return "refused_address";
    case Count::refused_handshakes:
      return "refused_handshakes";
    case Count::evicted:
      return "evicted";
    case Count::no_descriptors:
      return "no_descriptors";
    case Count::handshakes:
      return "handshakes";
    case Count::failed_handshakes:
      return "failed_handshakes";
    case Count::requests:
      return "requests";
    case Count::bad_requests:
      return "bad_requests";
    case Count::too_large:
      return "too_large";
    case Count::busy:
      return "busy";
    case Count::late_handshake:
      return "late_handshake";
    case Count::late_head:
      return "late_head";
    case Count::late_body:
      return "late_body";
    case Count::late_idle:
      return "late_idle";
    case Count::late_write:
      return "late_write";
    case Count::handed_over:
      return "handed_over";
    case Count::kMany:
      break;
  }
  return {};
}

}  // namespace autohttps
