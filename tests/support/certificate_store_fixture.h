// A CertificateStore on a store in memory, and bundles to put into it.
#pragma once

#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/memory_store.h>
#include <autohttps/tests/support/test_certificates.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace autohttps::acme {

class CertificateStoreFixture : public testing::Test {
 protected:
  Bundle bundle(const std::vector<std::string>& names) const {
    const TestChain made = ca_.leaf(names);
    Bundle bundle;
    bundle.chain_pem = made.chain;
    bundle.key_pem = made.key;
    bundle.ca = "https://ca.test/dir";
    bundle.account = "https://ca.test/account/1";
    bundle.names = parse_identifiers(names);
    return bundle;
  }
  static CertificateSpec spec_for(std::string_view id, const std::vector<std::string>& names) {
    CertificateSpec spec;
    spec.id = id;
    spec.names = parse_identifiers(names);
    spec.cas = {CaSpec{}};
    return spec;
  }
  CertificateSpec put_spec(std::string_view id, const std::vector<std::string>& names) {
    const CertificateSpec spec = spec_for(id, names);
    certificates_.put_spec(spec);
    return spec;
  }
  Pending pending_order() const {
    Pending pending;
    pending.ca = "https://ca.test/dir";
    pending.account = "https://ca.test/account/1";
    pending.order_url = "https://ca.test/order/1";
    pending.names = parse_identifiers({"a.test", "b.test"});
    pending.key_pem = PrivateKey::generate(KeyType::ec256).to_pem();
    pending.created = clock_.wall();
    return pending;
  }
  std::unique_ptr<StoreLock> lock_of(std::string_view id) {
    return certificates_.lock(id, clock_.steady(), {});
  }
  std::uint64_t add(const StoreLock& lock, std::string_view id) {
    return certificates_.add(lock, id, bundle({"a.test"}), "due", clock_.wall());
  }

  ManualClock clock_;
  TestCa ca_{1, clock_.wall()};
  MemoryStore store_{clock_};
  CertificateStore certificates_{store_};
};

}  // namespace autohttps::acme
