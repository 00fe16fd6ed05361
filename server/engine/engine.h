// The connections of a server: accepted, framed, handed to a sink, answered. No cpp-httplib here.
#pragma once

#include <autohttps/common/owned_fd.h>
#include <autohttps/server/engine/counters.h>
#include <autohttps/server/engine/exchange.h>
#include <autohttps/server/engine/limits.h>

#include <chrono>
#include <memory>

namespace autohttps {

class TlsContext;

// Thread-safe. Serves from the moment it is made; a sink outlives it, and has dropped its exchanges
// before the engine is destroyed.
class Engine {
 public:
  // Raises the soft limit of descriptors to the hard one. Throws Error(resources): no descriptor or
  // thread to begin with.
  Engine(EngineLimits, RequestSink&, std::shared_ptr<Counters> = std::make_shared<Counters>());
  ~Engine();  // drain(0)

  // Null: plain. Takes a socket that listens (see listen_tcp).
  void listen(OwnedFd, std::shared_ptr<const TlsContext>);
  void adopt(OwnedFd connection, std::shared_ptr<const TlsContext>);  // accepted by somebody else

  // Accepts no more, ends idle connections, lets requests under way be answered, with "Connection:
  // close", for so long; cuts off what is left. Returns when every handler has returned.
  void drain(std::chrono::milliseconds most) noexcept;

  const Counters& counters() const noexcept;
  const EngineLimits& limits() const noexcept;  // with what was 0 filled in

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace autohttps
