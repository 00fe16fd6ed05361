#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace autohttps::acme {
namespace {

class LimitedBudget final : public Budget {
 public:
  void spend(Spend kind, const std::vector<Identifier>&, std::stop_token) override {
    if (kind == Spend::new_account && left-- <= 0) {
      throw Error(ErrorCode::rate_limited, "no more accounts");
    }
  }
  int left = 1;
};

class RegistrarTest : public testing::Test {
 protected:
  std::string sign_in(const CaSpec& ca, bool again = false) {
    Client client = connection_.client(
        std::make_shared<const AccountKey>(account_key_for(accounts_, connection_, {})));
    return acme::sign_in(client, accounts_, ca, budget_, world_.clock, {}, again,
                         [this](const std::string& step) { steps_.push_back(step); });
  }
  CaSpec with_email(const std::string& email) const {
    CaSpec ca = world_.ca_spec();
    ca.email = email;
    return ca;
  }
  void bind(const std::string& key_id, const std::string& key) {
    world_.ca.behaviour().external_account_required = true;
    world_.ca.behaviour().external_keys = {{"kid-1", "secret-secret-16"}};
    accounts_.put_binding({key_id, "HS256", Secret(key)});
  }

  IssuingWorld world_;
  MemoryStore store_{world_.disk, world_.clock};
  AccountStore accounts_{store_, world_.ca.directory_url(), "default"};
  LimitedBudget budget_;
  CaConnection connection_{std::make_shared<ClientSession>(world_.ca.directory_url()), world_.ca,
                           world_.clock};
  std::vector<std::string> steps_;
};

TEST_F(RegistrarTest, TheKeyIsDurableBeforeTheCaHearsOfIt) {
  world_.ca.rule(Operation::new_account, 1, Action::before([&] {
                   world_.disk->restart(MemoryDisk::Loses::unsynced);
                   MemoryStore after(world_.disk, world_.clock);
                   EXPECT_TRUE(AccountStore(after, world_.ca.directory_url(), "default").load());
                 }));
  sign_in(world_.ca_spec());
  EXPECT_EQ(world_.ca.accounts(), 1u);
}

TEST_F(RegistrarTest, AKnownAccountIsUsedAndNothingAsked) {
  const std::string url = sign_in(world_.ca_spec());
  const int requests = world_.ca.count();
  EXPECT_EQ(sign_in(world_.ca_spec()), url);
  EXPECT_EQ(world_.ca.count(), requests);
}

TEST_F(RegistrarTest, TheEmailIsTheContact) {
  CaSpec ca = world_.ca_spec();
  ca.email = "me@example.com";
  sign_in(ca);
  bool seen = false;
  for (const SeenRequest& request : world_.ca.requests()) {
    seen = seen || request.payload.find("\"mailto:me@example.com\"") != std::string::npos;
  }
  EXPECT_TRUE(seen);
  EXPECT_EQ(accounts_.load()->contact, std::vector<std::string>{"mailto:me@example.com"});
}

TEST_F(RegistrarTest, WhatIsNoEmailIsRefusedBeforeAnythingIsAsked) {
  for (const char* email : {"me", "@example.com", "me@", "a b@example.com", "a@b.test,c@d.test",
                            "a@b.test?subject=x", "a@b.test\r\nx"}) {
    CaSpec ca = world_.ca_spec();
    ca.email = email;
    const auto error = thrown_error([&] { sign_in(ca); });
    ASSERT_TRUE(error) << email;
    EXPECT_EQ(error->code(), ErrorCode::config);
    EXPECT_EQ(std::string(error->what()).find('\r'), std::string::npos);
  }
  EXPECT_EQ(world_.ca.count(), 0);
}

TEST_F(RegistrarTest, ACaThatWantsABindingSaysWhereItComesFrom) {
  world_.ca.behaviour().external_account_required = true;
  const auto error = thrown_error([&] { sign_in(world_.ca_spec()); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_NE(error->hint().find("--eab-kid and --eab-key-file"), std::string::npos);
  EXPECT_EQ(world_.ca.count(Operation::new_account), 0);
}

TEST_F(RegistrarTest, TheBindingOfTheStoreIsUsedAlsoForALostAccount) {
  bind("kid-1", "c2VjcmV0LXNlY3JldC0xNg");
  const std::string first = sign_in(world_.ca_spec());
  world_.ca.forget_accounts();
  budget_.left = 1;
  EXPECT_NE(sign_in(world_.ca_spec(), true), first);
}

TEST_F(RegistrarTest, ABindingThatIsNotAskedForIsSentToo) {
  bind("kid-1", "c2VjcmV0LXNlY3JldC0xNg");
  world_.ca.behaviour().external_account_required = false;
  sign_in(world_.ca_spec());
  EXPECT_NE(world_.ca.requests().back().payload.find("externalAccountBinding"), std::string::npos);
}

TEST_F(RegistrarTest, ABindingTheCaDoesNotTakeIsNamedWithoutItsKey) {
  const std::pair<const char*, const char*> cases[] = {{"kid-2", "c2VjcmV0LXNlY3JldC0xNg"},
                                                       {"kid-1", "d3Jvbmctd3Jvbmctd3Jvbmc"}};
  for (const auto& [key_id, key] : cases) {
    bind(key_id, key);
    budget_.left = 1;
    const auto error = thrown_error([&] { sign_in(world_.ca_spec()); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ErrorCode::refused);
    EXPECT_NE(std::string(error->what()).find(key_id), std::string::npos) << error->what();
    EXPECT_NE(error->hint().find("--eab-kid"), std::string::npos) << error->hint();
    EXPECT_EQ((error->what() + error->hint()).find(key), std::string::npos);
  }
}

TEST_F(RegistrarTest, ABindingOfTheStoreThatIsNoneIsSaidBeforeAnythingIsRegistered) {
  const std::pair<const char*, const char*> cases[] = {
      {"kid-1", ""}, {"kid-1", "!!"}, {"", "AAAA"}};
  for (const auto& [key_id, key] : cases) {
    bind(key_id, key);
    EXPECT_EQ(thrown_error([&] { sign_in(world_.ca_spec()); }).value().code(), ErrorCode::config);
  }
  world_.disk->write(accounts_.folder() + "/eab.json", "{\"kid\":\"x\",\"key\":\"c2VjcmV0\"");
  const Error error = thrown_error([&] { sign_in(world_.ca_spec()); }).value();
  EXPECT_EQ(error.code(), ErrorCode::storage);
  EXPECT_EQ((error.what() + error.hint()).find("c2VjcmV0"), std::string::npos);
  EXPECT_EQ(world_.ca.count(Operation::new_account), 0);
}

TEST_F(RegistrarTest, AChangedEmailIsToldOnce) {
  sign_in(with_email("old@example.com"));
  const int before = world_.ca.count(Operation::account);
  for (int i = 0; i < 3; ++i) sign_in(with_email("new@example.com"));
  EXPECT_EQ(world_.ca.count(Operation::account), before + 1);
  EXPECT_EQ(world_.ca.requests().back().payload, R"({"contact":["mailto:new@example.com"]})");
  sign_in(world_.ca_spec());  // none given: nothing is taken back
  EXPECT_EQ(world_.ca.count(Operation::account), before + 1);
}

TEST_F(RegistrarTest, CertificatesOfSeveralAddressesDoNotTakeTurns) {
  sign_in(with_email("a@example.com"));
  for (int i = 0; i < 3; ++i) {
    sign_in(with_email("b@example.com"));
    sign_in(with_email("a@example.com"));
  }
  EXPECT_EQ(world_.ca.count(Operation::account), 1);
  accounts_.put_account(accounts_.load()->url, {"mailto:updated@example.com"});
  sign_in(with_email("a@example.com"));
  EXPECT_EQ(world_.ca.count(Operation::account), 1) << "`account update` stands";
}

TEST_F(RegistrarTest, ACaThatKeepsNoContactIsToldOnceToo) {
  world_.ca.behaviour().keeps_contacts = false;
  sign_in(with_email("old@example.com"));
  for (int i = 0; i < 3; ++i) sign_in(with_email("new@example.com"));
  EXPECT_EQ(world_.ca.count(Operation::account), 1);
}

TEST_F(RegistrarTest, AnAddressTheCaDoesNotLikeHoldsNothingUp) {
  sign_in(world_.ca_spec());
  world_.ca.rule(Operation::account, 0, Action::problem("invalidContact", 400, "no such domain"));
  EXPECT_FALSE(sign_in(with_email("me@nowhere.example")).empty());
  ASSERT_EQ(steps_.size(), 1u);
  EXPECT_NE(steps_.front().find("no such domain"), std::string::npos);
  sign_in(with_email("me@nowhere.example"));
  EXPECT_EQ(world_.ca.count(Operation::account), 1) << "it was told";
}

TEST_F(RegistrarTest, ADeactivatedAccountIsUsedNoMoreAndItsKeyKept) {
  sign_in(world_.ca_spec());
  const PrivateKey key = accounts_.load()->key;
  deactivate_account(accounts_, connection_, {});
  const int requests = world_.ca.count();
  const auto error = thrown_error([&] { sign_in(world_.ca_spec()); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_NE(std::string(error->what()).find("was deactivated"), std::string::npos);
  EXPECT_NE(error->hint().find(accounts_.folder()), std::string::npos);
  EXPECT_TRUE(thrown_error([&] { roll_over(accounts_, connection_, KeyType::ec256, {}); }));
  EXPECT_EQ(world_.ca.count(), requests);
  EXPECT_EQ(accounts_.load()->key, key);
}

TEST_F(RegistrarTest, AnAccountIsRecoveredByItsKey) {
  const PrivateKey key = PrivateKey::generate(KeyType::ec384);
  EXPECT_TRUE(thrown_error([&] { import_account(accounts_, connection_, key, {}); }));
  EXPECT_FALSE(accounts_.load()) << "a key the CA does not know changes nothing";
  Client elsewhere = connection_.client(std::make_shared<const AccountKey>(key));
  const std::string url = elsewhere.new_account({.terms_of_service_agreed = true}, {}).url;
  EXPECT_EQ(import_account(accounts_, connection_, key, {}).url, url);
  EXPECT_EQ(accounts_.load()->key, key);
  EXPECT_EQ(sign_in(world_.ca_spec()), url);
  EXPECT_EQ(world_.ca.accounts(), 1u);
}

TEST_F(RegistrarTest, TheKeyBeforeAnImportIsKept) {
  sign_in(world_.ca_spec());
  const std::string before = *store_.get(accounts_.folder() + "/key.pem");
  const PrivateKey key = PrivateKey::generate(KeyType::ec256);
  Client elsewhere = connection_.client(std::make_shared<const AccountKey>(key));
  elsewhere.new_account({.terms_of_service_agreed = true}, {});
  import_account(accounts_, connection_, key, {});
  bool kept = false;
  for (const std::string& name : store_.list(accounts_.folder())) {
    kept = kept ||
           (name.starts_with("old_key-") && store_.get(accounts_.folder() + "/" + name) == before);
  }
  EXPECT_TRUE(kept);
}

TEST_F(RegistrarTest, WithoutAnAccountNothingIsMade) {
  const auto error = thrown_error([&] { sign_in_existing(accounts_, connection_, {}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_EQ(world_.ca.count(), 0);
  EXPECT_FALSE(accounts_.load());
}

TEST_F(RegistrarTest, AnAccountWhoseAnswerWasLostIsFoundThoughNoneMayBeMade) {
  world_.ca.rule(Operation::new_account, 1, Action::lose_reply());
  EXPECT_TRUE(thrown_error([&] { sign_in(world_.ca_spec()); }));
  EXPECT_EQ(budget_.left, 0);
  EXPECT_FALSE(sign_in(world_.ca_spec()).empty());
  EXPECT_EQ(world_.ca.accounts(), 1u);
}

TEST_F(RegistrarTest, NoMoreAccountsThanTheBudgetAllows) {
  sign_in(world_.ca_spec());
  world_.ca.forget_accounts();
  const auto error = thrown_error([&] { sign_in(world_.ca_spec(), true); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::rate_limited);
  EXPECT_TRUE(accounts_.load()) << "the key stays";
}

TEST_F(RegistrarTest, AnUnreadableKeyIsNeverReplaced) {
  sign_in(world_.ca_spec());
  const std::string key = "accounts/" + ca_folder(world_.ca.directory_url()) + "/default/key.pem";
  world_.disk->write(key, "damaged");
  const auto error = thrown_error([&] { sign_in(world_.ca_spec()); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::storage);
  EXPECT_EQ(store_.get(key), "damaged");
}

}  // namespace
}  // namespace autohttps::acme
