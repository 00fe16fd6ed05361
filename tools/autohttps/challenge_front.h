// How the CA's question on the HTTP port is answered while a command runs (RFC 8555 8.3).
#pragma once

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/tools/autohttps/output.h>

#include <cstdint>
#include <memory>
#include <string>

namespace autohttps {
class Port80;
}

namespace autohttps::tools {

// Our own listener, or, where the port is taken, the process that has it: if a probe token
// published in our store comes back from there, it answers for this store (a running `serve`).
class ChallengeFront {
 public:
  // Throws Error(port | permission) that names the holder and the ways out, before any CA is asked.
  ChallengeFront(AutoCertificates&, const std::string& bind_address, std::uint16_t port, Output&);
  ~ChallengeFront();  // the listener goes, once its answers have been sent
  ChallengeFront(const ChallengeFront&) = delete;
  ChallengeFront& operator=(const ChallengeFront&) = delete;

 private:
  std::unique_ptr<Port80> port80_;
};

}  // namespace autohttps::tools
