#include <autohttps/common/certificate_builder.h>
#include <autohttps/common/private_key.h>
#include <autohttps/server/tls/placeholder.h>

#include <chrono>
#include <utility>

namespace autohttps {

std::shared_ptr<const Credentials> make_placeholder(std::string certificate_id,
                                                    const std::vector<Identifier>& names,
                                                    WallTime now) {
  using std::chrono::hours;
  CertificatePlan plan;
  plan.names = names;
  plan.common_name = "autohttps placeholder: certificate being obtained";
  plan.not_before = now - hours(24);  // for clients whose clock is behind ours
  plan.not_after = now + hours(24 * 7);
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  auto credentials = std::make_shared<Credentials>();
  credentials->certificate = std::move(certificate_id);
  credentials->keys = {CertifiedKey::from_pem(build_certificate(plan, key), key.to_pem())};
  credentials->placeholder = true;
  return credentials;
}

}  // namespace autohttps
