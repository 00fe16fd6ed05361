#include <autohttps/tests/support/test_certificates.h>

#include <autohttps/common/pem.h>

namespace autohttps {
namespace {

using std::chrono::hours;

std::vector<Identifier> identifiers(const std::vector<std::string>& names) {
  std::vector<Identifier> result;
  for (const std::string& name : names) result.push_back(Identifier::parse(name));
  return result;
}

}  // namespace

std::string TestChain::leaf() const { return split_certificates(chain).front(); }

std::shared_ptr<const CertifiedKey> TestChain::certified() const {
  return CertifiedKey::from_pem(chain, key);
}

TestCa::TestCa(std::size_t intermediates, WallTime now) : now_(now) {
  const auto plan = [&](const std::string& common_name) {
    CertificatePlan result;
    result.common_name = common_name;
    result.not_before = now - hours(24);
    result.not_after = now + hours(24 * 3650);
    result.is_ca = true;
    return result;
  };
  PrivateKey root = PrivateKey::generate(KeyType::ec256);
  std::string root_pem = build_certificate(plan("Test Root"), root);
  issuers_.push_back({std::move(root_pem), std::move(root)});
  for (std::size_t i = 1; i <= intermediates; ++i) {
    PrivateKey key = PrivateKey::generate(KeyType::ec256);
    const Certificate& upper = issuers_.back();
    std::string pem = build_certificate(plan("Test Intermediate " + std::to_string(i)), key,
                                        upper.pem, upper.key);
    issuers_.push_back({std::move(pem), std::move(key)});
  }
}

std::string TestCa::intermediates() const {
  std::string pem;
  for (std::size_t i = issuers_.size(); i-- > 1;) pem += issuers_[i].pem;
  return pem;
}

CertificatePlan TestCa::plan_of(const TestLeafPlan& leaf) const {
  CertificatePlan plan;
  plan.names = identifiers(leaf.names);
  plan.not_before = leaf.not_before == WallTime{} ? now_ - hours(1) : leaf.not_before;
  plan.not_after = leaf.not_after == WallTime{} ? plan.not_before + hours(24 * 90) : leaf.not_after;
  plan.is_ca = leaf.is_ca;
  return plan;
}

std::string TestCa::issue(const PrivateKey& key, const TestLeafPlan& plan) const {
  const Certificate& issuer = issuers_.back();
  return build_certificate(plan_of(plan), key, issuer.pem, issuer.key) + intermediates();
}

TestChain TestCa::leaf(const TestLeafPlan& plan) const {
  const PrivateKey key = PrivateKey::generate(plan.key_type);
  return {issue(key, plan), key.to_pem()};
}

TestChain TestCa::leaf(const std::vector<std::string>& names) const {
  return leaf(TestLeafPlan{.names = names});
}

TestChain TestCa::for_another_key(const std::vector<std::string>& names) const {
  return {leaf(names).chain, PrivateKey::generate(KeyType::ec256).to_pem()};
}

TestChain TestCa::expired(const std::vector<std::string>& names) const {
  return leaf({.names = names, .not_before = now_ - hours(24 * 90), .not_after = now_ - hours(1)});
}

TestChain TestCa::not_yet_valid(const std::vector<std::string>& names) const {
  return leaf({.names = names, .not_before = now_ + hours(1)});
}

TestChain TestCa::with_ca_bit(const std::vector<std::string>& names) const {
  return leaf({.names = names, .is_ca = true});
}

TestChain TestCa::without_intermediate(const std::vector<std::string>& names) const {
  TestChain chain = leaf(names);
  return {chain.leaf(), chain.key};
}

TestChain TestCa::in_wrong_order(const std::vector<std::string>& names) const {
  TestChain chain = leaf(names);
  return {intermediates() + chain.leaf(), chain.key};
}

TestChain TestCa::with_root(const std::vector<std::string>& names) const {
  TestChain chain = leaf(names);
  return {chain.chain + root(), chain.key};
}

TestChain TestCa::self_signed(const std::vector<std::string>& names, WallTime now) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  CertificatePlan plan;
  plan.names = identifiers(names);
  plan.not_before = now - hours(1);
  plan.not_after = now + hours(24 * 90);
  return {build_certificate(plan, key), key.to_pem()};
}

}  // namespace autohttps
