// A certificate whose key is elsewhere, in the store and beyond it: kept, shown, renewed, not
// served.
#include <autohttps/acme/issuance/bundle_check.h>
#include <autohttps/acme/issuance/csr.h>
#include <autohttps/acme/management/publisher.h>
#include <autohttps/common/key_elsewhere.h>
#include <autohttps/tests/support/certificate_store_fixture.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/recording_sink.h>
#include <autohttps/tests/support/test_csr.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::acme {
namespace {

class UserRequestStoreTest : public CertificateStoreFixture {
 protected:
  Bundle requested(const PrivateKey& key) const {
    Bundle made = bundle({"a.test"});
    made.chain_pem = ca_.issue(key, {.names = {"a.test"}});
    made.key_pem = request_pem(make_csr(key, made.names));
    return made;
  }
  std::string file(const std::string& name, int generation = 1) const {
    return "certificates/a.test/generations/" + std::to_string(generation) + "/" + name;
  }
  const PrivateKey key_ = PrivateKey::generate(KeyType::ec256);
};

TEST_F(UserRequestStoreTest, AGenerationHasTheRequestInPlaceOfAKey) {
  put_spec("a.test", {"a.test"});
  const auto lock = lock_of("a.test");
  certificates_.add(*lock, "a.test", requested(key_), "first issue", clock_.wall());
  EXPECT_FALSE(store_.get(file("privkey.pem")));
  EXPECT_TRUE(store_.get(file("csr.pem")));
  std::string trouble;
  const auto current = certificates_.current("a.test", &trouble);
  ASSERT_TRUE(current);
  EXPECT_EQ(trouble, "");
  EXPECT_TRUE(is_elsewhere(current->key->key()));
  EXPECT_EQ(current->key->key(), key_);
  EXPECT_EQ(current->meta.names, parse_identifiers({"a.test"}));
  EXPECT_TRUE(CertificateStore::credentials("a.test", *current)->keys.empty());
}

TEST_F(UserRequestStoreTest, GoesBackAndForthBetweenGenerationsOfBothKinds) {
  put_spec("a.test", {"a.test"});
  const auto lock = lock_of("a.test");
  add(*lock, "a.test");
  certificates_.add(*lock, "a.test", requested(key_), "request changed", clock_.wall());
  add(*lock, "a.test");
  EXPECT_FALSE(is_elsewhere(certificates_.current("a.test")->key->key()));
  certificates_.flip(*lock, "a.test", 2);
  EXPECT_TRUE(is_elsewhere(certificates_.current("a.test")->key->key()));
  certificates_.flip(*lock, "a.test", 1);
  EXPECT_EQ(certificates_.generations("a.test").size(), 3u);
}

TEST_F(UserRequestStoreTest, ARequestOfAnotherKeyIsNeverKept) {
  put_spec("a.test", {"a.test"});
  const auto lock = lock_of("a.test");
  Bundle wrong = requested(key_);
  wrong.key_pem =
      request_pem(make_csr(PrivateKey::generate(KeyType::ec256), parse_identifiers({"a.test"})));
  EXPECT_THROW(check_bundle(wrong, wrong.names, clock_.wall()), Error);
  EXPECT_THROW(certificates_.add(*lock, "a.test", wrong, "due", clock_.wall()), Error);
  EXPECT_FALSE(certificates_.current("a.test"));
}

TEST_F(UserRequestStoreTest, ADamagedRequestIsNoGeneration) {
  put_spec("a.test", {"a.test"});
  const auto lock = lock_of("a.test");
  add(*lock, "a.test");
  certificates_.add(*lock, "a.test", requested(key_), "request changed", clock_.wall());
  for (const char* text : {"", "damaged"}) {
    store_.disk()->write(file("csr.pem", 2), text);
    std::string trouble;
    const auto current = certificates_.current("a.test", &trouble);
    ASSERT_TRUE(current);
    EXPECT_EQ(current->number, 1u);
    EXPECT_NE(trouble, "");
  }
  store_.disk()->erase(file("csr.pem", 2));
  EXPECT_EQ(certificates_.current("a.test")->number, 1u);
}

TEST_F(UserRequestStoreTest, AnOrderUnderWayKeepsItsRequest) {
  Pending pending = pending_order();
  pending.key_pem = request_pem(make_csr(key_, pending.names));
  certificates_.put_pending("a.test", pending);
  const auto loaded = certificates_.pending("a.test");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->key_pem, pending.key_pem);
  EXPECT_FALSE(store_.get("certificates/a.test/pending/privkey.pem"));
  EXPECT_EQ(loaded->order_url, pending.order_url);
  store_.disk()->write("certificates/a.test/pending/csr.pem", "damaged");
  EXPECT_FALSE(certificates_.pending("a.test"));
}

TEST(UserRequestManagedTest, IsObtainedRenewedAndNeverServed) {
  IssuingWorld world;
  IssuingProcess process(world);
  RecordingSink sink;
  Publisher publisher(process.certificates, sink, {});
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  CertificateSpec wish = world.spec({"a.test"});
  wish.csr = request_pem(make_csr(key, wish.names));
  RunOptions options;
  options.person = true;
  options.only = {process.manager.manage(wish)};
  EXPECT_EQ(process.manager.run_once(options, {}).front().action, Outcome::Action::issued);
  EXPECT_EQ(process.renew("a.test").action, Outcome::Action::none);
  const std::string first = process.certificates.current("a.test")->key->fingerprint();
  world.clock.advance(std::chrono::hours(24 * 65));
  EXPECT_EQ(process.renew("a.test").action, Outcome::Action::renewed);
  EXPECT_NE(process.certificates.current("a.test")->key->fingerprint(), first);
  EXPECT_EQ(process.certificates.current("a.test")->key->key(), key);
  publisher.publish({"a.test"});
  EXPECT_FALSE(sink.find("a.test"));
  // Another request, and then a key of our own again.
  wish.csr = request_pem(make_csr(PrivateKey::generate(KeyType::ec256), wish.names));
  process.manager.manage(wish);
  EXPECT_EQ(process.renew("a.test").action, Outcome::Action::renewed);
  wish.csr.clear();
  process.manager.manage(wish);
  EXPECT_EQ(process.renew("a.test").action, Outcome::Action::renewed);
  EXPECT_FALSE(is_elsewhere(process.certificates.current("a.test")->key->key()));
  publisher.publish({"a.test"});
  EXPECT_TRUE(sink.find("a.test"));
}

}  // namespace
}  // namespace autohttps::acme
