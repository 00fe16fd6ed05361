// Certificates in memory, by name: filled by the Publisher, read by handshakes.
#pragma once

#include <autohttps/common/certificate_sink.h>
#include <autohttps/server/tls/certificate_source.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace autohttps {

// Thread-safe; find() takes one short shared lock. A name is found exactly, then by its wildcard
// ("*.example.com" covers one label). Without SNI: by local IP address, then the default
// certificate where one is set. Expired certificates are found like others: old rather than none. A
// placeholder gives way to any real certificate and never replaces one. Of those that can be loaded
// again (Credentials::loads_again) only so many are held, those least recently used go; a wildcard
// that is in memory answers for a name whose own certificate is not.
class CertificateCache final : public CertificateSink, public CertificateSource {
 public:
  // Asked when find() had nothing: load it and call back (Publisher::supply). Set before handshakes
  // start.
  void on_miss(std::function<bool(std::string_view name, std::function<void()> ready)>);
  // Asked for the certificate of a challenge (ChallengeLoads::load). Set before handshakes start;
  // without it there are no challenges.
  void on_challenge(std::function<bool(std::string_view name,
                                       std::function<void(std::shared_ptr<const CertifiedKey>)>)>);
  // Its id. For clients without SNI, and for names that nothing else is there for.
  void set_default(std::string certificate);
  // Of those that can be loaded again. Before the first install.
  void hold_at_most(std::size_t certificates) { most_ = certificates; }
  // Called, on the thread that installs another one, for each that is not held any more. Set before
  // on_miss.
  void on_drop(std::function<void(std::string_view certificate)>);

  // One costs about 16 KiB: with so many of them a server has some 50 MiB.
  static constexpr std::size_t kMostLoaded = 2048;

  void install(std::shared_ptr<const Credentials>) override;
  void withdraw(std::string_view certificate) override;

  std::shared_ptr<const Credentials> find(const ClientHello&) const noexcept override;
  bool fetch(const ClientHello&, std::function<void()> ready) noexcept override;
  bool fetch_challenge(
      const ClientHello&,
      std::function<void(std::shared_ptr<const CertifiedKey>)> ready) noexcept override;
  std::shared_ptr<const Credentials> fallback() const noexcept override;  // the default, if any

  std::shared_ptr<const Credentials> certificate(
      std::string_view id) const;  // what is installed; null: nothing. No use of it
  std::size_t size() const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;  // look-ups allocate nothing, so find() can be noexcept
  };
  template <typename Value>
  using ByText = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;
  struct Entry {
    explicit Entry(std::shared_ptr<const Credentials> credentials_in)
        : credentials(std::move(credentials_in)) {}
    const std::shared_ptr<const Credentials> credentials;
    mutable std::atomic<std::uint64_t> used{0};  // the count of installs at its last use
  };
  using Held = std::shared_ptr<const Entry>;

  // Under mutex_.
  const Held* best(std::string_view name) const noexcept;
  const Held* best_wildcard(std::string_view name) const noexcept;
  std::shared_ptr<const Credentials> use(const Held&) const noexcept;
  void forget_names(const Held& old);
  Held remove(std::string_view certificate);

  void drop_surplus();
  std::vector<Held> least_used() const;

  // Constant once there are handshakes.
  std::function<bool(std::string_view, std::function<void()>)> on_miss_;
  std::function<bool(std::string_view, std::function<void(std::shared_ptr<const CertifiedKey>)>)>
      on_challenge_;
  std::function<void(std::string_view)> on_drop_;
  std::size_t most_ = kMostLoaded;

  mutable std::shared_mutex mutex_;  // guards what follows
  std::uint64_t installs_ = 0;
  std::size_t loaded_ = 0;  // of those held, how many can be loaded again
  ByText<Held> by_id_;
  ByText<std::vector<Held>> by_name_;  // last installed last
  std::string default_;
};

}  // namespace autohttps
