// Port 443 where nothing of ours serves it: the CA's question, and no way to anything else.
#pragma once

#include <autohttps/common/challenge_answers.h>
#include <autohttps/common/owned_fd.h>

#include <cstdint>
#include <memory>

namespace autohttps {

// Answers hellos for acme-tls/1 with the challenge's certificate (RFC 8737); refuses all others. On
// threads of its own. Thread-safe.
class Port443 {
 public:
  Port443(const ChallengeAnswers&, OwnedFd listening);  // see listen_tcp
  ~Port443();                                           // stop()

  void start();  // once
  void stop() noexcept;
  std::uint16_t port() const noexcept;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace autohttps
