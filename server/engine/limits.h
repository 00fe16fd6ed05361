// What a server gives its clients, and how long. Every bound has a default and may be set.
#pragma once

#include <autohttps/server/engine/head_scanner.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace autohttps {

struct EngineLimits {
  // Connections at a time; 0: what descriptors allow (the soft limit less a reserve for files and
  // the CA), at most 100,000. Over it, the longest idle one makes room; else the new one is closed.
  std::size_t connections = 0;
  // Of one address, IPv6 by /64 (what one subscriber has); 0: half of all, so that nobody alone
  // takes the server from everybody else. Over it, the new connection is closed.
  std::size_t connections_per_address = 0;
  // Of these before their handshake's end; 0: a quarter. Of one address no more than its share.
  std::size_t handshakes = 0;

  HeadLimits head{};                      // over them: 431, 414
  std::uint64_t body = 64U << 20;         // bytes, decoded; over it: 413
  std::size_t body_in_memory = 64 << 10;  // what is longer goes to an unlinked file
  std::filesystem::path body_folder{};    // of that file; empty: the system's for temporary files
  std::size_t requests_per_connection = 10'000;

  // Handlers at a time that are known, or found, to wait; and requests that may wait for one of
  // these threads: over it, 503.
  std::size_t threads = 256;
  std::size_t queue = 1'024;
  std::size_t leaders = 0;  // threads that wait for the network; 0: one a processor, at most 8

  std::size_t output =
      256 << 10;  // bytes of an answer held for a slow reader before its handler waits

  // Absolute, none is stretched by a client that sends a byte now and then.
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds head_time{10'000};  // from a head's first byte to its last
  std::chrono::milliseconds body_time{20'000};  // and a second more for each KiB that came
  std::chrono::milliseconds idle{75'000};       // between requests
  std::chrono::milliseconds write{30'000};      // in which a reader takes at least 16 KiB
  std::chrono::milliseconds linger{2'000};      // for what a refused client still sends
  std::chrono::milliseconds drain{30'000};      // for requests under way when the server stops
};

}  // namespace autohttps
