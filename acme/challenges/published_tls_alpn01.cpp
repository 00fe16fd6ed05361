#include <autohttps/acme/challenges/published_tls_alpn01.h>

#include <autohttps/common/certificate_builder.h>
#include <autohttps/common/sha256.h>

#include <chrono>
#include <utility>

namespace autohttps::acme {
namespace {

constexpr std::chrono::hours kLife{1};  // four times the longest attempt

class PublishedCertificate final : public Presentation {
 public:
  PublishedCertificate(PublishedAnswers& answers, std::string name, std::unique_ptr<StoreLock> lock)
      : answers_(answers), name_(std::move(name)), lock_(std::move(lock)) {}
  // One that has lost its lock leaves the answer: by now it may be another's.
  ~PublishedCertificate() override {
    if (lock_->held()) answers_.withdraw_tls_alpn(name_);
  }

 private:
  PublishedAnswers& answers_;
  const std::string name_;
  const std::unique_ptr<StoreLock> lock_;
};

}  // namespace

std::optional<std::string> PublishedTlsAlpn01::obstacle(const Identifier& name) const {
  if (name.is_wildcard()) return "a wildcard needs a DNS challenge";
  return ways_.obstacle(type());
}

std::unique_ptr<Presentation> PublishedTlsAlpn01::present(const ChallengeContext& context,
                                                          std::stop_token stop) {
  CertificatePlan plan;
  plan.names = {context.identifier};
  // RFC 5280 4.1.2.4: an issuer has a name; the CA looks at no other field.
  plan.common_name = "autohttps answering tls-alpn-01";
  plan.not_before = clock_.wall() - kLife;
  plan.not_after = clock_.wall() + kLife;
  plan.acme_identifier = sha256(context.key_authorization);
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  const std::string certificate = build_certificate(plan, key);
  const std::string name = tls_alpn_name(context.identifier);
  auto answer = std::make_unique<PublishedCertificate>(
      answers_, name, answers_.lock_tls_alpn(name, std::move(stop)));
  answers_.publish_tls_alpn(name, key.to_pem(), certificate);
  return answer;
}

}  // namespace autohttps::acme
