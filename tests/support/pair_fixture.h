// A certificate of two key types at the scripted CA.
#pragma once

#include <autohttps/tests/support/issuing_process.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps::acme {

class PairFixture : public testing::Test {
 protected:
  static constexpr KeyType kEc = KeyType::ec256;
  static constexpr KeyType kRsa = KeyType::rsa2048;

  CertificateSpec pair(const std::string& limits = "none",
                       const std::vector<KeyType>& types = {kEc, kRsa},
                       const std::vector<std::string>& names = {"a.test"}) const {
    CertificateSpec spec = world_.spec(names, limits);
    spec.id = "a.test";
    spec.key_types = types;
    return spec;
  }
  static Outcome obtain(IssuingProcess& process, const CertificateSpec& spec, bool force = false) {
    RunOptions options;
    options.person = true;
    options.force = force;
    options.only = {process.manager.manage(spec)};
    return process.manager.run_once(options, {}).front();
  }
  Outcome obtain(const CertificateSpec& spec, bool force = false) {
    return obtain(process_, spec, force);
  }
  Outcome renew() { return process_.renew("a.test"); }
  int orders() const { return world_.ca.count(Operation::new_order); }

  std::optional<Generation> current() const { return process_.certificates.current("a.test"); }
  // Empty: there is none of this type.
  std::string fingerprint(KeyType type) const {
    const auto generation = current();
    const GenerationPart* part = generation ? generation->part(type) : nullptr;
    return part == nullptr ? std::string() : part->key->fingerprint();
  }

  IssuingWorld world_;
  IssuingProcess process_{world_};
};

}  // namespace autohttps::acme
