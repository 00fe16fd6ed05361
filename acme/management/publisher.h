// From the store's pointers to whoever serves: the only caller of CertificateSink::install.
#pragma once

#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/certificate_sink.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/event.h>

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

struct PublisherOptions {
  const Clock* clock = nullptr;  // null: the system's; for how long a name that leads nowhere is
                                 // believed to
  // Of a store with more certificates none is loaded before a handshake asks for its name
  // (supply), and the flip of one that is not in memory loads nothing. No bound: the sink cannot
  // ask, so it must have them all.
  std::size_t most_whole = std::numeric_limits<std::size_t>::max();
  // Called on the publisher's thread for a wish that was to be served and has no certificate yet;
  // `loads_again`: as in Credentials.
  std::function<void(const CertificateSpec&, bool loads_again)> on_none{};
};

// One thread: watch, load, verify, install. Thread-safe. Whatever any process flips is installed,
// also certificates that are new in the store (but see most_whole). What does not verify
// (RELIABILITY I3, against the names it was issued for) leaves the old one served and is an Event;
// a certificate that was deleted from the store is withdrawn.
class Publisher {
 public:
  Publisher(CertificateStore&, CertificateSink&, EventSink, PublisherOptions = {});
  ~Publisher();  // stops and joins

  // Loads these now and waits for it: the server starts with what is there. Returns how many of
  // them can be served. Never throws for one certificate's trouble. Not to be called by callbacks
  // of this.
  std::size_t publish(const std::vector<std::string>& ids);
  // All that the store has, unless it has more than is loaded without being asked for.
  std::size_t publish_all();
  // Certificates are loaded when a handshake asks for them.
  bool loads_lazily() const;

  // fetch()'s other end: a handshake met `name`. Reads nothing here. False: the name led nowhere a
  // moment ago, or too many others are being looked up. True: `done` runs exactly once, on the
  // publisher's thread, once what is there is installed or found wanting.
  bool supply(std::string_view name, std::function<void()> done);
  // The sink has it no longer: it is loaded again when a handshake asks for it.
  void dropped(std::string_view certificate);

  // Called on the publisher's thread after each install that a flip brought, for proof that it is
  // served (server/auto_https/served_check).
  void on_installed(std::function<void(const Credentials&)>);

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace autohttps::acme
