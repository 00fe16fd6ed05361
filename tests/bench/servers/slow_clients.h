// Clients that hold a server's connections by being slow, each in one way.
#pragma once

#include <autohttps/tests/bench/servers/client_pool.h>

#include <string>
#include <vector>

namespace autohttps::bench {

enum class Slowness { silent, half_hello, dripping_head, dripping_body, not_reading };

inline constexpr Slowness kAllSlowness[] = {Slowness::silent, Slowness::half_hello,
                                            Slowness::dripping_head, Slowness::dripping_body,
                                            Slowness::not_reading};
const char* slowness_name(Slowness);

// They connect at once; what drips, drips a byte a second.
class SlowClients {
 public:
  SlowClients(Slowness, std::uint16_t port, std::size_t count);
  void step();  // does what is due, waits for nothing

 private:
  void step_without_tls();
  void drip();

  const Slowness slowness_;
  const std::size_t count_;
  ClientPool pool_;             // those that finish their handshake
  std::vector<OwnedFd> plain_;  // those that do not
  std::vector<bool> said_;      // of these: the half hello is sent
  const std::string half_hello_;
  const Time begin_;
  std::size_t dripped_ = 0;
};

}  // namespace autohttps::bench
