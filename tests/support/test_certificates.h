// A throw-away CA: certificates as they should be, and the wrong ones of RELIABILITY F16.
#pragma once

#include <autohttps/common/certificate_builder.h>
#include <autohttps/common/certified_key.h>
#include <autohttps/common/clock.h>
#include <autohttps/common/private_key.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace autohttps {

struct TestChain {
  std::string chain;  // leaf first, without the root
  std::string key;
  std::string leaf() const;  // the chain's first certificate

  std::shared_ptr<const CertifiedKey> certified() const;
};

struct TestLeafPlan {
  std::vector<std::string> names = {"a.test"};
  WallTime not_before{};  // the epoch: an hour before now
  WallTime not_after{};   // the epoch: 90 days after not_before
  KeyType key_type = KeyType::ec256;
  bool is_ca = false;
};

// A root and `intermediates` below it; the lowest signs the leaves. Immutable, any thread.
class TestCa {
 public:
  // `now`: what validity is counted from. The real time, unless the test has a clock of its own.
  explicit TestCa(std::size_t intermediates = 1, WallTime now = std::chrono::system_clock::now());

  const std::string& root() const noexcept { return issuers_.front().pem; }
  // What stands between leaf and root, lowest first.
  std::string intermediates() const;
  WallTime now() const noexcept { return now_; }

  TestChain leaf(const std::vector<std::string>& names) const;
  TestChain leaf(const TestLeafPlan&) const;
  // A certificate for a key of somebody else's making, as a CA does: the chain.
  std::string issue(const PrivateKey& key, const TestLeafPlan& plan) const;

  // F16: each is wrong in one way.
  TestChain for_another_key(const std::vector<std::string>& names) const;
  TestChain expired(const std::vector<std::string>& names) const;        // ended an hour ago
  TestChain not_yet_valid(const std::vector<std::string>& names) const;  // begins in an hour
  TestChain with_ca_bit(const std::vector<std::string>& names) const;
  TestChain without_intermediate(const std::vector<std::string>& names) const;
  TestChain in_wrong_order(
      const std::vector<std::string>& names) const;  // lowest intermediate first
  TestChain with_root(const std::vector<std::string>& names) const;
  static TestChain self_signed(const std::vector<std::string>& names,
                               WallTime now = std::chrono::system_clock::now());

 private:
  struct Certificate {
    std::string pem;
    PrivateKey key;
  };
  CertificatePlan plan_of(const TestLeafPlan&) const;

  WallTime now_;
  std::vector<Certificate> issuers_;  // root first
};

}  // namespace autohttps
