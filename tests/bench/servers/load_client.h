// Loads that a server is measured under, all from one thread: closed loops and an open one.
#pragma once

#include <autohttps/tests/bench/servers/tls_client.h>

#include <functional>
#include <string>
#include <vector>

namespace autohttps::bench {

using Milliseconds = std::chrono::duration<double, std::milli>;

struct LoadPlan {
  std::uint16_t port = 0;
  std::size_t connections = 32;
  std::chrono::milliseconds warm_up{300};
  std::chrono::milliseconds measured{1500};
  std::function<double()> server_cpu;      // seconds; asked when the measuring begins and ends
  std::function<const char*()> next_name;  // the next connection's host, whose / is asked for;
                                           // empty: /1k of a.test
  std::string request;                     // of keep-alive connections; empty: of /1k
  std::function<void(const TlsClient&)> on_handshake;
  std::function<bool()> tick;  // again and again; false ends the load
};

struct LoadResult {
  long operations = 0;  // answered well within the time measured
  long failures = 0;    // warm-up included
  std::string first_failure;
  long handshakes = 0;
  long resumed = 0;  // of the handshakes
  long tickets = 0;  // that came with them
  double seconds = 0;
  double server_cpu_s = 0;
  std::vector<float> latencies_ms;

  double per_second() const { return static_cast<double>(operations) / seconds; }
  double cpu_us() const { return server_cpu_s * 1e6 / static_cast<double>(operations); }
  double latency(double share);  // 0.5, 0.99
  void failed(const std::string& why);
};

double percentile(std::vector<float>& values, double share);  // sorts them; 0 when there are none

// Connection, handshake, one GET with "Connection: close", until the server has closed; the next
// one then. Latency: from connect to the whole answer.
LoadResult load_new_connections(const LoadPlan&, bool resume);
// GETs one after another on each connection; one that the server ends is made anew.
LoadResult load_keep_alive(const LoadPlan&);

struct OpenLoop {
  double per_second = 20'000;
  double slow_share = 0;  // of the requests, which go to /slow
};
// GETs at random times (Poisson) on whichever connection is free. Latency: from when each was due,
// of the fast ones; `operations` are these too, and the CPU time is shared out among all.
LoadResult load_open_loop(const LoadPlan&, const OpenLoop&);

}  // namespace autohttps::bench
