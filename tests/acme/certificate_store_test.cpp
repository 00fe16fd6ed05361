#include <autohttps/acme/store/certificate_store.h>
#include <autohttps/common/error.h>
#include <autohttps/common/pem.h>
#include <autohttps/tests/support/certificate_store_fixture.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace autohttps::acme {
namespace {

using Numbers = std::vector<std::uint64_t>;
using Names = std::vector<std::string>;

class CertificateStoreTest : public CertificateStoreFixture {};

TEST_F(CertificateStoreTest, KeepsTheWish) {
  EXPECT_FALSE(certificates_.spec("a.test"));
  EXPECT_TRUE(certificates_.ids().empty());
  const CertificateSpec wish = put_spec("a.test", {"a.test", "b.test"});
  EXPECT_EQ(certificates_.spec("a.test"), wish);
  EXPECT_EQ(certificates_.ids(), Names{"a.test"});
  store_.disk()->write("certificates/left/state.json", "{}");
  EXPECT_EQ(certificates_.ids(), Names{"a.test"}) << "without a wish there is nothing to manage";
}

TEST_F(CertificateStoreTest, RefusesAnIdThatIsNoFoldersName) {
  CertificateSpec wish = spec_for("a.test", {"a.test"});
  wish.id = "../a";
  EXPECT_THROW(certificates_.put_spec(wish), Error);
  EXPECT_EQ(store_.changes(), 0);
}

TEST_F(CertificateStoreTest, KeepsTheState) {
  EXPECT_EQ(certificates_.state("a.test").failures, 0);
  CertificateState state;
  state.failures = 2;
  certificates_.put_state("a.test", state);
  EXPECT_EQ(certificates_.state("a.test").failures, 2);
}

TEST_F(CertificateStoreTest, KeepsTheOrderUnderWay) {
  EXPECT_FALSE(certificates_.pending("a.test"));
  const Pending order = pending_order();
  certificates_.put_pending("a.test", order);
  const auto read = certificates_.pending("a.test");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->ca, order.ca);
  EXPECT_EQ(read->account, order.account);
  EXPECT_EQ(read->order_url, order.order_url);
  EXPECT_EQ(read->names, order.names);
  EXPECT_EQ(read->key_type, order.key_type);
  EXPECT_EQ(read->key_pem, order.key_pem);
  EXPECT_EQ(read->created, order.created);
  certificates_.clear_pending("a.test");
  EXPECT_FALSE(certificates_.pending("a.test"));
  certificates_.clear_pending("a.test");
  EXPECT_TRUE(store_.list("quarantine").empty());
}

TEST_F(CertificateStoreTest, AKeyThatIsThereIsNotWrittenAgain) {
  Pending order = pending_order();
  certificates_.put_pending("a.test", order);
  const int before = store_.changes();
  order.order_url = "https://ca.test/order/2";
  certificates_.put_pending("a.test", order);
  EXPECT_EQ(store_.changes(), before + 1);
  EXPECT_EQ(certificates_.pending("a.test")->order_url, "https://ca.test/order/2");
}

TEST_F(CertificateStoreTest, AddsGenerationsAndPointsAtTheNewest) {
  std::string trouble = "?";
  EXPECT_FALSE(certificates_.current("a.test", &trouble));
  EXPECT_EQ(trouble, "");
  const auto lock = lock_of("a.test");
  const Bundle first = bundle({"a.test"});
  EXPECT_EQ(certificates_.add(*lock, "a.test", first, "first issue", clock_.wall()), 1U);
  EXPECT_EQ(add(*lock, "a.test"), 2U);
  const auto current = certificates_.current("a.test", &trouble);
  ASSERT_TRUE(current);
  EXPECT_EQ(current->number, 2U);
  EXPECT_EQ(trouble, "");
  const auto old = certificates_.generation("a.test", 1);
  ASSERT_TRUE(old);
  EXPECT_EQ(old->meta.ca, first.ca);
  EXPECT_EQ(old->meta.account, first.account);
  EXPECT_EQ(old->meta.names, first.names);
  EXPECT_EQ(old->meta.created, clock_.wall());
  EXPECT_EQ(old->meta.cause, "first issue");
  EXPECT_EQ(old->key->names(), first.names);
  EXPECT_FALSE(certificates_.generation("a.test", 3));
}

TEST_F(CertificateStoreTest, WritesTheFilesOtherServersRead) {
  const auto lock = lock_of("a.test");
  const Bundle made = bundle({"a.test"});
  certificates_.add(*lock, "a.test", made, "first issue", clock_.wall());
  const auto file = [&](const char* name) {
    return store_.get(std::string("certificates/a.test/generations/1/") + name);
  };
  const std::vector<std::string> chain = split_certificates(made.chain_pem);
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(file("fullchain.pem"), made.chain_pem);
  EXPECT_EQ(file("cert.pem"), chain[0]);
  EXPECT_EQ(file("chain.pem"), chain[1]);
  EXPECT_EQ(file("privkey.pem"), made.key_pem);
  EXPECT_EQ(store_.get("changes/a.test"), "1\n");
}

TEST_F(CertificateStoreTest, RefusesAKeyThatIsNotTheCertificates) {
  const auto lock = lock_of("a.test");
  add(*lock, "a.test");
  Bundle wrong = bundle({"a.test"});
  wrong.key_pem = PrivateKey::generate(KeyType::ec256).to_pem();
  EXPECT_THROW(certificates_.add(*lock, "a.test", wrong, "due", clock_.wall()), Error);
  EXPECT_EQ(certificates_.generations("a.test"), Numbers{1});
}

TEST_F(CertificateStoreTest, KeepsFiveAmongThemTheOneBefore) {
  const auto lock = lock_of("a.test");
  for (int i = 0; i < 7; ++i) add(*lock, "a.test");
  EXPECT_EQ(certificates_.generations("a.test"), (Numbers{3, 4, 5, 6, 7}));
  certificates_.flip(*lock, "a.test", 3);
  EXPECT_EQ(certificates_.current("a.test")->number, 3U);
  EXPECT_EQ(store_.get("changes/a.test"), "3\n");
  EXPECT_EQ(add(*lock, "a.test"), 8U);
  EXPECT_EQ(certificates_.generations("a.test"), (Numbers{3, 5, 6, 7, 8}));
}

TEST_F(CertificateStoreTest, FlipsOnlyToWhatIsWhole) {
  const auto lock = lock_of("a.test");
  add(*lock, "a.test");
  add(*lock, "a.test");
  store_.disk()->write("certificates/a.test/generations/1/privkey.pem", "");
  EXPECT_THROW(certificates_.flip(*lock, "a.test", 1), Error);
  EXPECT_THROW(certificates_.flip(*lock, "a.test", 9), Error);
  EXPECT_EQ(certificates_.current("a.test")->number, 2U);
}

TEST_F(CertificateStoreTest, ANumberIsNeverUsedTwice) {
  const auto lock = lock_of("a.test");
  store_.disk()->write("certificates/a.test/generations/7/fullchain.pem", "left by a crash");
  store_.disk()->write("certificates/a.test/generations/notes/x", "foreign");
  EXPECT_EQ(add(*lock, "a.test"), 8U);
  for (const std::string& key : store_.disk()->keys()) {
    if (key.starts_with("certificates/a.test/generations/8/")) store_.disk()->erase(key);
  }
  EXPECT_EQ(add(*lock, "a.test"), 9U) << "current says 8, whose folder is gone";
}

TEST_F(CertificateStoreTest, ChangesNothingOnceItsLockIsLost) {
  const auto lock = lock_of("a.test");
  add(*lock, "a.test");
  store_.disk()->take_away_lock("certificates/a.test");
  EXPECT_THROW(add(*lock, "a.test"), Error);
  EXPECT_THROW(certificates_.remove(*lock, "a.test"), Error);
  EXPECT_EQ(certificates_.current("a.test")->number, 1U);
  EXPECT_EQ(certificates_.generations("a.test"), Numbers{1});
}

TEST_F(CertificateStoreTest, FindsACertificateByName) {
  put_spec("site", {"a.test", "*.b.test"});
  EXPECT_EQ(certificates_.id_for_name("a.test"), "site");
  EXPECT_EQ(certificates_.id_for_name("x.b.test"), "site");
  EXPECT_EQ(certificates_.id_for_name("*.b.test"), "site");
  for (const std::string& name :
       {std::string("b.test"), std::string("x.y.b.test"), std::string("_.b.test"), std::string(),
        std::string("."), std::string("../../version"), std::string(300, 'a'),
        std::string("a\0", 2), std::string("x/y"), std::string("192.0.2.1"),
        std::string("2001:db8::1")}) {
    EXPECT_EQ(certificates_.id_for_name(name), std::nullopt) << name;
  }
}

TEST_F(CertificateStoreTest, FindsNamesLongerThanAFoldersMayBe) {
  const std::string label(60, 'a');
  const std::string name = label + "." + label + "." + label + "." + label + ".test";
  put_spec("long", {name});
  EXPECT_EQ(certificates_.id_for_name(name), "long");
}

TEST_F(CertificateStoreTest, ANameStaysWithWhoServesItUntilTheOtherCan) {
  put_spec("old", {"a.test", "b.test"});
  const auto old = lock_of("old");
  certificates_.add(*old, "old", bundle({"a.test", "b.test"}), "first issue", clock_.wall());
  put_spec("new", {"a.test"});
  EXPECT_EQ(certificates_.id_for_name("a.test"), "old");
  const auto lock = lock_of("new");
  certificates_.add(*lock, "new", bundle({"a.test"}), "first issue", clock_.wall());
  EXPECT_EQ(certificates_.id_for_name("a.test"), "new");
  EXPECT_EQ(certificates_.id_for_name("b.test"), "old");
}

TEST_F(CertificateStoreTest, ANameNobodyServesGoesToWhoAskedLast) {
  put_spec("one", {"a.test"});
  put_spec("two", {"a.test"});
  EXPECT_EQ(certificates_.id_for_name("a.test"), "two");
}

TEST_F(CertificateStoreTest, ADroppedNameIsServedUntilTheNextGeneration) {
  put_spec("site", {"a.test", "b.test"});
  const auto lock = lock_of("site");
  certificates_.add(*lock, "site", bundle({"a.test", "b.test"}), "first issue", clock_.wall());
  put_spec("site", {"a.test"});
  EXPECT_EQ(certificates_.id_for_name("b.test"), "site");
  certificates_.add(*lock, "site", bundle({"a.test"}), "names changed", clock_.wall());
  EXPECT_EQ(certificates_.id_for_name("b.test"), std::nullopt);
}

TEST_F(CertificateStoreTest, RemovesACertificateWithItsNames) {
  put_spec("site", {"a.test", "b.test"});
  put_spec("other", {"b.test"});
  const auto lock = lock_of("site");
  add(*lock, "site");
  certificates_.remove(*lock, "site");
  EXPECT_EQ(certificates_.ids(), Names{"other"});
  EXPECT_FALSE(certificates_.current("site"));
  EXPECT_EQ(certificates_.id_for_name("a.test"), std::nullopt);
  EXPECT_EQ(certificates_.id_for_name("b.test"), "other");
  EXPECT_FALSE(store_.get("changes/site"));
  certificates_.remove(*lock, "site");
}

TEST_F(CertificateStoreTest, TellsOfFlipsAndRemovalsByAnyProcess) {
  MemoryStore other_process(store_.disk(), clock_);
  Names told;
  const auto watch = certificates_.watch([&](std::string_view id) { told.emplace_back(id); });
  CertificateStore others(other_process);
  const auto lock = others.lock("a.test", clock_.steady(), {});
  others.add(*lock, "a.test", bundle({"a.test"}), "first issue", clock_.wall());
  EXPECT_EQ(told, Names{"a.test"});
  others.remove(*lock, "a.test");
  EXPECT_EQ(told, (Names{"a.test", "a.test"}));
}

TEST_F(CertificateStoreTest, GivesTheServedForm) {
  const auto lock = lock_of("a.test");
  add(*lock, "a.test");
  const auto credentials =
      CertificateStore::credentials("a.test", *certificates_.current("a.test"));
  EXPECT_EQ(credentials->certificate, "a.test");
  EXPECT_EQ(credentials->generation, 1U);
  ASSERT_EQ(credentials->keys.size(), 1U);
  EXPECT_TRUE(credentials->keys[0]->serves("a.test"));
  EXPECT_FALSE(credentials->placeholder);
}

}  // namespace
}  // namespace autohttps::acme
