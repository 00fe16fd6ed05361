// HTTPS in one object: ports 80 and 443, certificates obtained, renewed and swapped, http
// redirected.
#pragma once

#include <autohttps/acme/auto_certificates.h>
#include <autohttps/server/auto_https/options.h>
#include <autohttps/server/engine/counters.h>
#include <autohttps/server/httplib/https_server.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace autohttps {

// Owns every object and thread. routes() before serve(); serve() on one thread; stop() and apply()
// from any thread and from a signal-waiting one.
class AutoHttps {
 public:
  explicit AutoHttps(AutoHttpsOptions,
                     AutoCertificatesParts = {});  // opens the store, no network; throws
                                                   // Error(config | storage | permission)
  ~AutoHttps();

  // The program's own routes. They answer for every host that no site of apply() has contents for.
  HttpServer& routes();

  // Serves these sites from the next request on, instead of those before; obtains the certificates
  // that are wished for and not there. Connections and requests under way go on. Any thread, before
  // serve() too. Throws Error(config) for sites that cannot be, and then nothing has changed; what
  // one certificate's wish meets in the store is told to on_event and stops no other site.
  void apply(const std::vector<SiteOptions>&);

  // Binds both ports, serves at once what the store has (else a marked placeholder), obtains and
  // renews in the background; returns after stop(). Throws Error(port | permission) before anything
  // is served; no failure of the CA ends it.
  void serve();
  // What serve() does first; for those who want the ports before, e.g. to drop privileges. Sockets
  // that a service manager passed (see socket_activation.h) are taken instead, those named "http"
  // and "https", else those of our ports.
  void bind();
  void stop() noexcept;
  void reopen_access_log() noexcept;  // it was moved away: see AccessLog. Any thread

  std::uint16_t http_port() const noexcept;  // as bound
  std::uint16_t https_port() const noexcept;
  std::uint16_t metrics_port() const noexcept;  // 0: there are none, or on a Unix socket
  AutoCertificates& certificates() noexcept;
  const Counters& counters() const noexcept;  // of the https port

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace autohttps
