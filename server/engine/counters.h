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

// Thread-safe; what can be written from outside is now, the rest since the start.
class Counters {
 public:
  void add(Count what) noexcept { at(what).fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t get(Count what) const noexcept {
    return counts_[static_cast<std::size_t>(what)].load(std::memory_order_relaxed);
  }
  std::atomic<std::size_t> open{0};         // connections
  std::atomic<std::size_t> handshaking{0};  // of these, before their handshake's end
  std::atomic<std::size_t> threads{0};
  std::atomic<std::size_t> in_flight{0};  // requests whose head was accepted

  // An answer is out, or will not be: `status` 0. `bytes`: of its body.
  void note_answer(int status, std::uint64_t bytes) noexcept {
    const std::size_t its_class = static_cast<std::size_t>(status) / 100;
    answers_[its_class < kClasses ? its_class : 0].fetch_add(1, std::memory_order_relaxed);
    if (bytes > 0) bytes_sent_.fetch_add(bytes, std::memory_order_relaxed);
  }
  // Of a class of status codes, 1 to 5; 0: requests that were not answered.
  static constexpr std::size_t kClasses = 6;
  std::uint64_t answers(std::size_t of_class) const noexcept {
    return answers_[of_class].load(std::memory_order_relaxed);
  }
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t>& at(Count what) noexcept {
    return counts_[static_cast<std::size_t>(what)];
  }
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Count::kMany)> counts_{};
  std::array<std::atomic<std::uint64_t>, kClasses> answers_{};
  std::atomic<std::uint64_t> bytes_sent_{0};  // of answers' bodies
};

}  // namespace autohttps
