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
  // Its id. For clients without SNI, and for names that nothing else is there for.
  void set_default(std::string certificate);

  void install(std::shared_ptr<const Credentials>) override;
  void withdraw(std::string_view certificate) override;

  std::shared_ptr<const Credentials> find(const ClientHello&) const noexcept override;
  bool fetch(const ClientHello&, std::function<void()> ready) noexcept override;
  std::shared_ptr<const Credentials> fallback() const noexcept override;  // the default, if any

  std::shared_ptr<const Credentials> certificate(
      std::string_view id) const;  // what is installed; null: nothing
  std::size_t size() const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;  // look-ups allocate nothing, so find() can be noexcept
  };
  template <typename Value>
  using ByText = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;
  using Held = std::shared_ptr<const Credentials>;

  // Under mutex_.
  const Held* best(std::string_view name) const noexcept;
  const Held* best_wildcard(std::string_view name) const noexcept;
  void forget_names(const Credentials& old);

  std::function<bool(std::string_view, std::function<void()>)> on_miss_;
  mutable std::shared_mutex mutex_;  // guards what follows
  ByText<Held> by_id_;
  ByText<std::vector<Held>> by_name_;  // last installed last
  std::string default_;
};

}  // namespace autohttps
