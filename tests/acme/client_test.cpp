#include <autohttps/acme/protocol/client.h>

#include <autohttps/tests/acme/client_fixture.h>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace autohttps::acme {
namespace {

using std::chrono::seconds;

class ClientTest : public ClientFixture {};

TEST_F(ClientTest, ASessionWantsHttps) {
  for (const char* url :
       {"http://ca.test/dir", "ca.test", "", "file:///x", "https://user@ca.test/"}) {
    EXPECT_EQ(thrown_error([&] { ClientSession bad(url); }).value().code(), ErrorCode::config)
        << url;
  }
}

TEST_F(ClientTest, TheDirectoryIsFetchedOnceADay) {
  EXPECT_EQ(client.directory({}).new_order, "https://ca.test/new-order");
  Client second(session, ca, clock, key());
  second.directory({});
  EXPECT_EQ(ca.count(Operation::directory), 1);
  clock.advance(std::chrono::hours(25));
  second.directory({});
  EXPECT_EQ(ca.count(Operation::directory), 2);
}

TEST_F(ClientTest, RegistersAndIsKnownByTheUrlAfterwards) {
  const Account account = client.new_account(
      {.contact = {"mailto:me@example.com"}, .terms_of_service_agreed = true}, {});
  EXPECT_TRUE(account.url.starts_with("https://ca.test/account/"));
  EXPECT_EQ(account.status, "valid");
  EXPECT_EQ(client.account({}).contact, std::vector<std::string>{"mailto:me@example.com"});
  const auto requests = ca.requests();
  EXPECT_TRUE(requests.at(2).with_jwk);
  EXPECT_EQ(requests.at(2).payload,
            R"({"contact":["mailto:me@example.com"],"termsOfServiceAgreed":true})");
  EXPECT_EQ(requests.at(3).account, account.url);
  EXPECT_EQ(requests.at(3).payload, "");
}

// 7.3.1.
TEST_F(ClientTest, TheSameKeyFindsTheSameAccount) {
  const Account first = register_account();
  const Account again = client.new_account({.only_return_existing = true}, {});
  EXPECT_EQ(again.url, first.url);
  EXPECT_EQ(ca.accounts(), 1U);
  Client stranger(session, ca, clock, key());
  const auto error =
      thrown_error([&] { stranger.new_account({.only_return_existing = true}, {}); });
  EXPECT_EQ(error.value().code(), ErrorCode::refused);
  EXPECT_NE(std::string(error->what()).find("accountDoesNotExist"), std::string::npos);
}

TEST_F(ClientTest, ForgottenTermsAreTheCasWordsAndANextStep) {
  const auto error = thrown_error([&] { client.new_account({}, {}); }).value();
  EXPECT_EQ(error.code(), ErrorCode::refused);
  EXPECT_STREQ(
      error.what(),
      "registering an account at \"ca.test\": the CA refused: userActionRequired: the terms of "
      "service must be agreed to");
  EXPECT_NE(error.hint(), "");
}

TEST_F(ClientTest, EveryKindOfAccountKeyIsTaken) {
  for (const KeyType type : {KeyType::ec256, KeyType::ec384, KeyType::rsa2048}) {
    Client other(session, ca, clock, std::make_shared<AccountKey>(PrivateKey::generate(type)));
    EXPECT_NO_THROW(other.new_account({.terms_of_service_agreed = true}, {}));
    EXPECT_NO_THROW(other.new_order({.identifiers = names}, {}));
  }
}

TEST_F(ClientTest, ARequestBeforeTheAccountIsABugOfOurs) {
  EXPECT_EQ(refused_order().code(), ErrorCode::internal);
  EXPECT_EQ(ca.count(Operation::new_order), 0);
}

TEST_F(ClientTest, OrdersNamesProfileAndReplacement) {
  ca.behaviour().profiles = {{"shortlived", "six days"}};
  register_account();
  const Order order = client.new_order(
      {.identifiers = {{Identifier::Type::dns, "*.a.test"}, {Identifier::Type::ip, "2001:db8::1"}},
       .profile = "shortlived",
       .replaces = "aki.serial"},
      {});
  EXPECT_EQ(order.status, OrderStatus::pending);
  EXPECT_EQ(order.authorizations.size(), 2U);
  EXPECT_EQ(
      ca.requests().back().payload,
      R"({"identifiers":[{"type":"dns","value":"*.a.test"},{"type":"ip","value":"2001:db8::1"}],)"
      R"("profile":"shortlived","replaces":"aki.serial"})");
  EXPECT_EQ(client.directory({}).profiles.at("shortlived"), "six days");
}

TEST_F(ClientTest, DrivesAnOrderToItsChain) {
  register_account();
  ca.behaviour().alternates = 2;
  const Order order = valid_order();
  ASSERT_EQ(order.status, OrderStatus::valid);
  const IssuedChain chain = client.certificate(order.certificate.value(), {});
  EXPECT_EQ(chain.pem, ca.certificates().at(0));
  EXPECT_EQ(chain.ca_time, std::chrono::floor<seconds>(clock.wall()));
  ASSERT_EQ(chain.alternates.size(), 2U);
  const IssuedChain other = client.certificate(chain.alternates.at(0), {});
  EXPECT_NE(other.pem, chain.pem);
  EXPECT_EQ(ca.requests().back().accept, "application/pem-certificate-chain");
}

// One nonce fetched, then each answer brings the next (6.5); one directory.
TEST_F(ClientTest, AWholeOrderCostsTwoRequestsBesidesItsOperations) {
  register_account();
  client.certificate(valid_order().certificate.value(), {});
  EXPECT_EQ(ca.count(Operation::directory), 1);
  EXPECT_EQ(ca.count(Operation::new_nonce), 1);
  EXPECT_EQ(ca.count(), 2 + 7);
}

TEST_F(ClientTest, PollsAsPostAsGet) {
  register_account();
  const Order order = ready_order();
  client.order(order.url, {});
  EXPECT_EQ(ca.requests().back().payload, "");
  EXPECT_EQ(ca.requests().back().method, "POST");
}

TEST_F(ClientTest, RespondsWithAnEmptyObject) {
  register_account();
  ready_order();
  for (const SeenRequest& request : ca.requests()) {
    if (request.operation == Operation::challenge) {
      EXPECT_EQ(request.payload, "{}");
    }
  }
  EXPECT_EQ(ca.count(Operation::challenge), 1);
}

TEST_F(ClientTest, ReadsRetryAfterOfOrderAndAuthorization) {
  register_account();
  ca.behaviour().authorization_retry_after = {"3"};
  ca.behaviour().order_retry_after = {"7", "junk"};
  ca.behaviour().finalize_polls = 2;
  const Order order = valid_order();
  EXPECT_EQ(order.status, OrderStatus::processing);
  EXPECT_EQ(order.retry_after, seconds(7));
  EXPECT_EQ(client.authorization(order.authorizations.at(0), {}).retry_after, seconds(3));
}

// Pebble sends none since 2.9, and an earlier one could be any URL.
TEST_F(ClientTest, FinalizeKeepsTheOrdersUrl) {
  register_account();
  const Order order = ready_order();
  ca.rule(Operation::finalize, 1, Action::change_headers([](Action::Headers& headers) {
            headers.emplace_back("location", "https://ca.test/elsewhere");
          }));
  const Order after =
      client.finalize(order, make_csr(PrivateKey::generate(KeyType::ec256), names), {});
  EXPECT_EQ(after.url, order.url);
}

TEST_F(ClientTest, AStopIsHeard) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(thrown_error([&] { client.directory(stop.get_token()); }).value().code(),
            ErrorCode::canceled);
}

TEST_F(ClientTest, ParallelOrdersShareASession) {
  register_account();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::vector<Identifier> own = {
          {Identifier::Type::dns, "n" + std::to_string(i) + ".test"}};
      for (int j = 0; j < 10; ++j) {
        const Order order = client.new_order({.identifiers = own}, {});
        EXPECT_EQ(client.order(order.url, {}).identifiers, own);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ca.orders(), 40U);
}

}  // namespace
}  // namespace autohttps::acme
