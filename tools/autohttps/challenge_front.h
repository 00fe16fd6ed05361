// How the CA's questions on the HTTP and the HTTPS port are answered while a command runs (RFC 8555
// 8.3, RFC 8737).
#pragma once

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/common/error.h>
#include <autohttps/tools/autohttps/output.h>
#include <autohttps/tools/autohttps/settings.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace autohttps {
class Port443;
class Port80;
}  // namespace autohttps

namespace autohttps::tools {

// What a certificate's names can be proven by, of what needs a port here.
enum class Door {
  none,    // by files or by DNS
  http,    // HTTP-01 alone
  https,   // TLS-ALPN-01 alone
  either,  // HTTP-01, or what else can be
  both,    // either, and the CA did not get through by one of them the last time
};

// A listener of ours, or, where the port is taken, the process that has it: if a probe published in
// our store comes back from there, it answers for this store (a running `serve`). What is found is
// said to AutoCertificates::ways().
class ChallengeFront {
 public:
  ChallengeFront(AutoCertificates&, const Settings& where, Output&);
  ~ChallengeFront();  // the listeners go, once their answers have been sent
  ChallengeFront(const ChallengeFront&) = delete;
  ChallengeFront& operator=(const ChallengeFront&) = delete;

  // The ports that are needed, each once; for `either`, the HTTPS port only where the HTTP port
  // cannot be had. When nothing is left, before any CA is asked: throws Error(port | permission)
  // that names who holds the ports, and the ways out.
  void open(Door);

 private:
  struct Way {
    std::string_view type;    // the challenge's
    std::string_view option;  // that says the port
    const std::uint16_t port;
    bool tried = false;
    std::optional<Error> trouble{};  // with the ways out
  };
  void check(Door) const;
  template <typename Listen>
  void try_way(Way&, Listen listen,
               bool (*answers)(AutoCertificates&, const std::string& address, std::uint16_t port));

  AutoCertificates& certificates_;
  const std::string bind_;
  Way http_, https_;
  Output& output_;
  std::unique_ptr<Port80> port80_;
  std::unique_ptr<Port443> port443_;
};

}  // namespace autohttps::tools
