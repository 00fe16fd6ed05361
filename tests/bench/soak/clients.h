// The threads of the soak that are clients.
#pragma once

#include <autohttps/tests/bench/soak/client.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>

namespace autohttps::bench {

// What ordinary clients have met. Thread-safe.
struct Tally {
  std::atomic<std::uint64_t> answered{0}, full{0}, resumed{0}, hostile{0}, slow{0};
  // Each to be explained by the server's counters.
  std::atomic<std::uint64_t> refused{0}, lost{0}, late{0}, busy{0}, timed_out{0};
  void error(const std::string& what) {
    const std::lock_guard lock(mutex);
    if (errors++ == 0) first_error = what;
  }
  std::mutex mutex;  // guards what follows
  std::uint64_t errors = 0;
  std::string first_error;
};

struct SoakPlan {
  std::uint16_t tls_port = 0;
  std::uint16_t plain_port = 0;
  std::string root;          // PEM
  std::uint64_t seed = 0;    // the thread's own
  std::uint32_t source = 0;  // address, in host order
};

// Each returns when it is told to stop.
void be_ordinary(const SoakPlan&, bool tls, Tally&, const std::stop_token&);
void be_hostile(const SoakPlan&, bool tls, Tally&, const std::stop_token&);
void be_slow(const SoakPlan&, Tally&, const std::stop_token&);     // in all five ways, in turn
void be_a_crowd(const SoakPlan&, Tally&, const std::stop_token&);  // silent, from two addresses

}  // namespace autohttps::bench
