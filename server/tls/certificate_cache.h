// Certificates in memory, by name: filled by the Publisher, read by handshakes.
#pragma once

#include <autohttps/common/certificate_sink.h>
#include <autohttps/server/tls/certificate_source.h>

#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace autohttps {

// Thread-safe; find() takes one short shared lock. A name is found exactly, then by its wildcard
// ("*.example.com" covers one label). Without SNI: by local IP address, then the default
// certificate where one is set. Expired certificates are found like others: old rather than none. A
// placeholder gives way to any real certificate and never replaces one.
class CertificateCache final : public CertificateSink, public CertificateSource {
 public:
  // Asked when find() had nothing: load it and call back (Publisher::supply). Set before handshakes
  // start.
  void on_miss(std::function<bool(std::string_view name, std::function<void()> ready)>);
  void set_default(std::string certificate);  // its id; for clients without SNI

  void install(std::shared_ptr<const Credentials>) override;
  void withdraw(std::string_view certificate) override;

  std::shared_ptr<const Credentials> find(const ClientHello&) const noexcept override;
  bool fetch(const ClientHello&, std::function<void()> ready) noexcept override;

  std::shared_ptr<const Credentials> certificate(
      std::string_view id) const;  // what is installed; null: nothing
  std::size_t size() const;

 private:
  std::function<bool(std::string_view, std::function<void()>)> on_miss_;
  mutable std::shared_mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::shared_ptr<const Credentials>> by_id_;
  std::unordered_map<std::string, std::vector<std::shared_ptr<const Credentials>>>
      by_name_;  // last installed last
  std::string default_;
};

}  // namespace autohttps
