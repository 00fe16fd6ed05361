// What the soak's server tells about itself, and where.
#pragma once

#include <autohttps/server/engine/counters.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace autohttps::bench {

struct ServerReport {
  std::array<std::uint64_t, static_cast<std::size_t>(Count::kMany)> counts{};  // both servers'
  std::uint64_t open = 0;                                                      // connections
  std::uint64_t handshaking = 0;                                               // of these
  std::uint64_t swaps = 0;
  std::uint64_t rss_kib = 0;
  std::uint64_t descriptors = 0;
  std::uint64_t threads = 0;
  double cpu_s = 0;

  std::uint64_t get(Count what) const { return counts[static_cast<std::size_t>(what)]; }
  std::uint64_t refused() const;  // connections that were accepted and closed at once
  std::uint64_t late() const;     // cut at a deadline
  std::string text() const;       // two lines
};

// Of the calling process: the fields that are not a server's counters.
void look_at_process(ServerReport&);

}  // namespace autohttps::bench
