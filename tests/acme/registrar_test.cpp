#include <autohttps/acme/issuance/registrar.h>
#include <autohttps/tests/support/issuing_process.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

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
    const auto key =
        std::make_shared<const AccountKey>(account_key_for(accounts_, world_.clock, {}));
    Client client(std::make_shared<ClientSession>(ca.directory_url), world_.ca, world_.clock, key);
    return acme::sign_in(client, accounts_, ca, budget_, world_.clock, {}, again);
  }

  IssuingWorld world_;
  MemoryStore store_{world_.disk, world_.clock};
  AccountStore accounts_{store_, world_.ca.directory_url(), "default"};
  LimitedBudget budget_;
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

TEST_F(RegistrarTest, ExternalAccountsAreNotSupportedAndItSaysSo) {
  world_.ca.behaviour().external_account_required = true;
  const auto error = thrown_error([&] { sign_in(world_.ca_spec()); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  EXPECT_NE(error->hint().find("external account binding"), std::string::npos);
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
