// Port 80: the CA's question first, the way to https for everybody else.
#pragma once

#include <autohttps/common/challenge_answers.h>
#include <autohttps/common/owned_fd.h>
#include <autohttps/server/engine/limits.h>
#include <autohttps/server/sites/challenge_responder.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace autohttps {

class Counters;
struct RequestRecord;

// Live tokens are answered whatever else happens (RFC 8555 8.3); all the rest is 404, and a
// redirect once redirect() was called. On threads of its own, none while nobody asks. Thread-safe.
class Port80 {
 public:
  Port80(const ChallengeAnswers&, OwnedFd listening, EngineLimits = {});  // see listen_tcp
  ~Port80();                                                              // stop()

  void redirect(RedirectRules);  // from the next request on; any time
  void on_answered(std::function<void(const RequestRecord&)>);  // as HttpServer's; before start()
  void start();                                                 // once
  void stop() noexcept;  // answers what it has begun with, then closes
  std::uint16_t port() const noexcept;
  const Counters& counters() const noexcept;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace autohttps
