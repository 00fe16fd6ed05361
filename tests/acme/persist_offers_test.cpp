#include <autohttps/acme/issuance/persist_offers.h>
#include <autohttps/tests/acme/client_fixture.h>

#include <gtest/gtest.h>

#include <string>

namespace autohttps::acme {
namespace {

class OneOrder final : public Budget {
 public:
  void spend(Spend kind, const std::vector<Identifier>&, std::stop_token) override {
    EXPECT_EQ(kind, Spend::new_order);
    ++spent;
  }
  int spent = 0;
};

class PersistOffersTest : public ClientFixture {
 protected:
  PersistOffersTest() { register_account(); }
};

TEST_F(PersistOffersTest, ACaWithoutItIsToldByWhatItOffers) {
  OneOrder budget;
  const auto error =
      thrown_error([&] { demands_of_order(client, names, std::nullopt, budget, {}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::config);
  const std::string text = error->what();
  EXPECT_NE(text.find("does not offer dns-persist-01 for \"a.test\""), std::string::npos) << text;
  EXPECT_NE(text.find("http-01"), std::string::npos) << text;
  EXPECT_EQ(budget.spent, 1);
}

}  // namespace
}  // namespace autohttps::acme
