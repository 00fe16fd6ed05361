// What an AutoHttps lets others see of it: access log, metrics, health (not installed).
#pragma once

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/server/auto_https/certificate_facts.h>
#include <autohttps/server/auto_https/metrics_server.h>
#include <autohttps/server/auto_https/options.h>
#include <autohttps/server/engine/counters.h>
#include <autohttps/server/sites/access_log.h>
#include <autohttps/server/sites/reverse_proxy.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace autohttps {

// Thread-safe but for begin(). Does nothing where the options want none of it.
class Observation {
 public:
  // Opens the file and the socket now, while whoever calls is the user that may open the one again
  // and remove the other. Throws Error(config | permission | port | storage).
  Observation(const AutoHttpsOptions&, AutoCertificates&);

  // For HttpServer::on_answered(); empty: there is no log.
  std::function<void(const RequestRecord&)> logger();

  struct Server {
    const Counters& https;
    const Counters& http;
    std::uint16_t https_port;
    std::function<std::vector<UpstreamStatus>()> upstreams;
  };
  void begin(Server);  // answers from now on, until end(); the server outlives that
  void note_swap() noexcept { ++swaps_; }
  void end() noexcept;
  void end_log() noexcept;  // when no request is under way any more

  void reopen_log() noexcept;
  std::uint16_t metrics_port() const noexcept { return metrics_ ? metrics_->port() : 0; }

 private:
  std::string tell();

  const std::string bind_address_;
  AutoCertificates& certificates_;
  std::unique_ptr<AccessLog> log_;
  std::optional<Server> server_;
  std::atomic<std::uint64_t> swaps_{0};
  std::optional<CertificateFacts> facts_;
  std::unique_ptr<MetricsServer> metrics_;  // last: it asks for the rest
};

}  // namespace autohttps
