// challenges/ of the store: answers that every process and machine on it can give to the CA.
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/challenge_answers.h>
#include <autohttps/common/clock.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace autohttps::acme {

// Thread-safe.
class PublishedAnswers final : public ChallengeAnswers {
 public:
  PublishedAnswers(Store& store, Clock& clock) : store_(store), clock_(clock) {}

  // Atomic, not fsynced, with an expiry an hour from now. Throws Error(protocol) unless
  // is_token(token).
  void publish(std::string_view token, std::string_view key_authorization);
  void withdraw(std::string_view token) noexcept;

  // The same for TLS-ALPN-01: key and certificate for a hello with this name, expiring with the
  // certificate. The CA's hello has no token, so a name has one answer at a time: whoever publishes
  // holds `lock_tls_alpn`, which waits for others that prove the same name, and withdraws before it
  // gives it back. Throws Error(protocol) for what cannot be a host name, Error(locked | canceled).
  std::unique_ptr<StoreLock> lock_tls_alpn(std::string_view name, std::stop_token);
  void publish_tls_alpn(std::string_view name, std::string_view key_pem,
                        std::string_view certificate_pem);
  void withdraw_tls_alpn(std::string_view name) noexcept;

  void sweep() noexcept;  // removes the expired, left by crashes

  // Live ones only. Those of the test store below this one too, so that a server answers for a
  // dry run and for --staging beside it.
  std::optional<std::string> key_authorization(std::string_view token) const override;
  std::shared_ptr<const CertifiedKey> tls_alpn(std::string_view name) const override;

 private:
  std::optional<std::string> live(const std::string& key) const;
  std::shared_ptr<const CertifiedKey> live_tls_alpn(const std::string& key) const;
  bool is_live(WallTime expires) const;

  Store& store_;
  Clock& clock_;
};

}  // namespace autohttps::acme
