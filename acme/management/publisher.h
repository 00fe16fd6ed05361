// From the store's pointers to whoever serves: the only caller of CertificateSink::install.
#pragma once

#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/certificate_sink.h>
#include <autohttps/common/event.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace autohttps::acme {

// One thread: watch, load, verify, install. Thread-safe. Whatever any process flips is installed,
// also certificates that are new in the store. What does not verify (RELIABILITY I3, against the
// names it was issued for) leaves the old one served and is an Event; a certificate that was
// deleted from the store is withdrawn.
class Publisher {
 public:
  Publisher(CertificateStore&, CertificateSink&, EventSink);
  ~Publisher();  // stops and joins

  // Loads these now and waits for it: the server starts with what is there. Returns how many of
  // them can be served. Never throws for one certificate's trouble. Not to be called by callbacks
  // of this.
  std::size_t publish(const std::vector<std::string>& ids);

  // fetch()'s other end: a handshake met `name`. False: the store does not know it. True: `done`
  // runs exactly once, on the publisher's thread, once it is installed or found wanting.
  bool supply(std::string_view name, std::function<void()> done);

  // Called on the publisher's thread after each install but those of publish(), for proof that it
  // is served (server/auto_https/served_check).
  void on_installed(std::function<void(const Credentials&)>);

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace autohttps::acme
