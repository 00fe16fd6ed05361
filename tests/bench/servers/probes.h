// Ordinary new visitors of servers that are busy with others.
#pragma once

#include <autohttps/tests/bench/servers/client_pool.h>

#include <vector>

namespace autohttps::bench {

// A new connection with one GET to each server every 100 ms. Not answered in time: lost.
class Probes {
 public:
  struct Seen {
    long asked = 0;
    std::vector<float> answered_ms;
    long lost() const { return asked - static_cast<long>(answered_ms.size()); }
  };

  Probes(std::vector<std::uint16_t> ports, std::chrono::milliseconds patience);

  void ask(long rounds);  // so many from now on
  // Waits for the probes at most so long. False: all that were to be asked are answered or lost.
  bool step(std::chrono::milliseconds wait);
  Seen& seen(std::size_t server) { return seen_[server]; }

 private:
  void start_all();
  void give_up_on_late_ones();

  const std::vector<std::uint16_t> ports_;
  const std::chrono::milliseconds patience_;
  const std::size_t slots_;  // of one server: one is free again when its turn comes back
  ClientPool pool_;
  std::vector<Seen> seen_;
  std::size_t next_slot_ = 0;
  long rounds_left_ = 0;
  Time next_{};
};

}  // namespace autohttps::bench
