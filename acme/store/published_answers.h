// challenges/ of the store: answers that every process and machine on it can give to the CA.
#pragma once

#include <autohttps/acme/store/store.h>
#include <autohttps/common/challenge_answers.h>
#include <autohttps/common/clock.h>

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
  void sweep() noexcept;  // removes the expired, left by crashes

  // Live ones only. Those of the test store below this one too, so that a server answers for a
  // dry run and for --staging beside it.
  std::optional<std::string> key_authorization(std::string_view token) const override;
  std::shared_ptr<const CertifiedKey> tls_alpn(std::string_view) const override { return nullptr; }

 private:
  std::optional<std::string> live(const std::string& key) const;

  Store& store_;
  Clock& clock_;
};

}  // namespace autohttps::acme
