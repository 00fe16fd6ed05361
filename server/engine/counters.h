// What the engine has met since it began: for status, metrics and tests.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace autohttps {

enum class Count : std::uint8_t {
  accepted,             // connections
  refused_connections,  // over the limit of all
  refused_address,      // over the limit of one address
  refused_handshakes,   // over the limit of handshakes at a time
  evicted,              // idle connections that made room
  no_descriptors,       // accept() met EMFILE, ENFILE, ENOBUFS or ENOMEM
  handshakes,           // finished
  failed_handshakes,
  requests,        // whose head was accepted
  bad_requests,    // refused as malformed
  too_large,       // 413, 414, 431
  busy,            // 503: no thread for the handler, and the queue full
  late_handshake,  // cut at a deadline
  late_head,
  late_body,
  late_idle,
  late_write,
  handed_over,  // a handler had the lead for too long, another thread took it
  kMany,
};

std::string_view name_of(Count) noexcept;  // "refused_address"

// Thread-safe; `open` and `handlers` are now, the rest since the start.
class Counters {
 public:
  void add(Count what) noexcept { at(what).fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t get(Count what) const noexcept {
    return counts_[static_cast<std::size_t>(what)].load(std::memory_order_relaxed);
  }
  std::atomic<std::size_t> open{0};         // connections
  std::atomic<std::size_t> handshaking{0};  // of these, before their handshake's end
  std::atomic<std::size_t> threads{0};

 private:
  std::atomic<std::uint64_t>& at(Count what) noexcept {
    return counts_[static_cast<std::size_t>(what)];
  }
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Count::kMany)> counts_{};
};

}  // namespace autohttps
