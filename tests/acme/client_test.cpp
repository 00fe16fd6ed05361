#include <autohttps/acme/protocol/client.h>

#include <autohttps/common/certified_key.h>
#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/scripted_ca.h>
#include <autohttps/tests/support/scripted_ca_jws.h>
#include <autohttps/tests/support/test_csr.h>
#include <autohttps/tests/support/thrown_error.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>

namespace autohttps::acme {
namespace {

using std::chrono::seconds;

const std::vector<Identifier> kNames = {{Identifier::Type::dns, "a.test"}};

// Writes down the nonces that go out with requests and come back with answers, and passes on.
struct NonceWatcher final : Transport {
  explicit NonceWatcher(Transport& inner_in) : inner(inner_in) {}
  HttpResponse send(const HttpRequest& request, std::stop_token stop) override {
    sent.push_back(request.body.empty() ? "" : read_jws(request.body).header.value("nonce", ""));
    HttpResponse response = inner.send(request, stop);
    given.emplace_back(response.header("replay-nonce"));
    return response;
  }
  Transport& inner;
  std::vector<std::string> sent, given;  // of the same request at the same place
};

// A scripted CA that takes every challenge response as right.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest()
      : ca(clock),
        session(std::make_shared<ClientSession>(ca.directory_url())),
        client(session, ca, clock, key()) {}

  static std::shared_ptr<AccountKey> key() {
    return std::make_shared<AccountKey>(PrivateKey::generate(KeyType::ec256));
  }
  Account register_account() { return client.new_account({.terms_of_service_agreed = true}, {}); }
  Order ready_order() {
    const Order order = client.new_order({.identifiers = kNames}, {});
    const Authorization authorization = client.authorization(order.authorizations.at(0), {});
    const auto challenge =
        std::find_if(authorization.challenges.begin(), authorization.challenges.end(),
                     [](const Challenge& one) { return one.type == "http-01"; });
    client.respond(*challenge, {});
    return client.order(order.url, {});
  }
  Order valid_order() {
    return client.finalize(ready_order(), make_csr(PrivateKey::generate(KeyType::ec256), kNames),
                           {});
  }
  Error refused_order() {
    return thrown_error([&] { client.new_order({.identifiers = kNames}, {}); }).value();
  }

  ManualClock clock;
  ScriptedCa ca;
  std::shared_ptr<ClientSession> session;
  Client client;
};

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
    EXPECT_NO_THROW(other.new_order({.identifiers = kNames}, {}));
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
      client.finalize(order, make_csr(PrivateKey::generate(KeyType::ec256), kNames), {});
  EXPECT_EQ(after.url, order.url);
}

TEST_F(ClientTest, RetriesBadNonceWithTheErrorsOwnNonce) {
  NonceWatcher watcher(ca);
  Client watched(session, watcher, clock, key());
  watched.new_account({.terms_of_service_agreed = true}, {});
  ca.rule(Operation::new_order, 1, Action::bad_nonce());
  EXPECT_NO_THROW(watched.new_order({.identifiers = kNames}, {}));
  EXPECT_EQ(watcher.sent.back(), watcher.given.at(watcher.given.size() - 2));
  EXPECT_EQ(ca.count(Operation::new_order), 2);
  EXPECT_EQ(ca.count(Operation::new_nonce), 1);  // none was fetched for the retry
}

TEST_F(ClientTest, ABadNonceWithoutAFreshOneFetchesOne) {
  register_account();
  int seen = 0;
  Action without = Action::bad_nonce();
  without.changes = [&](HttpResponse& response) {
    ++seen;
    std::erase_if(response.headers,
                  [](const auto& header) { return header.first == "replay-nonce"; });
  };
  ca.rule(Operation::new_order, 1, without, 3);
  EXPECT_NO_THROW(client.new_order({.identifiers = kNames}, {}));
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(ca.count(Operation::new_nonce), 1 + 3);
}

TEST_F(ClientTest, F2_BadNonceForeverEndsAfter16Tries) {
  register_account();
  ca.rule(Operation::new_order, 0, Action::bad_nonce());
  const Error error = refused_order();
  EXPECT_EQ(error.code(), ErrorCode::refused);
  EXPECT_NE(std::string(error.what()).find("badNonce"), std::string::npos);
  EXPECT_EQ(ca.count(Operation::new_order), 16);
  EXPECT_EQ(ca.orders(), 0U);
}

TEST_F(ClientTest, OtherRefusalsAreNotTriedAgain) {
  register_account();
  for (const int status : {400, 403, 409, 429, 500, 503}) {
    const int before = ca.count(Operation::new_order);
    ca.clear_rules();
    ca.rule(Operation::new_order, 0, Action::problem("serverInternal", status));
    EXPECT_EQ(refused_order().code(),
              status == 429 || status == 503 ? ErrorCode::rate_limited : ErrorCode::refused);
    EXPECT_EQ(ca.count(Operation::new_order), before + 1) << status;
  }
}

TEST_F(ClientTest, NoncesThatAreNoneAreNeverSent) {
  register_account();
  ca.rule(Operation::new_order, 1, Action::change_headers([](Action::Headers& headers) {
            for (auto& [name, value] : headers) {
              if (name == "replay-nonce") value = "not a nonce\r\nX: y";
            }
          }));
  client.new_order({.identifiers = kNames}, {});
  EXPECT_NO_THROW(client.new_order({.identifiers = kNames}, {}));
  EXPECT_EQ(ca.count(Operation::new_nonce), 2);
}

TEST_F(ClientTest, ACaWithoutNoncesIsSaidToBeSo) {
  ca.rule(Operation::new_nonce, 0,
          Action::change_headers([](Action::Headers& headers) { headers.clear(); }));
  const auto error = thrown_error([&] { register_account(); }).value();
  EXPECT_EQ(error.code(), ErrorCode::protocol);
  EXPECT_NE(std::string(error.what()).find("no usable nonce"), std::string::npos);
}

TEST_F(ClientTest, F10_ARateLimitCarriesItsTime) {
  register_account();
  const std::vector<std::pair<std::vector<std::string>, std::optional<seconds>>> cases = {
      {{"120"}, seconds(120)},       {{"1"}, seconds(1)},
      {{"-5"}, std::nullopt},        {{}, std::nullopt},
      {{"1e12"}, std::nullopt},      {{"1000000000000"}, seconds(86400)},
      {{"junk", "60"}, seconds(60)}, {{"Thu, 01 Jan 1970 00:00:00 GMT"}, seconds(1)}};
  for (const auto& [headers, wait] : cases) {
    ca.clear_rules();
    ca.rule(Operation::new_order, 0,
            Action::problem("rateLimited", 429, "too many certificates", headers));
    const Error error = refused_order();
    EXPECT_EQ(error.code(), ErrorCode::rate_limited);
    EXPECT_EQ(error.retry_at(), wait ? std::optional(clock.wall() + *wait) : std::nullopt);
    EXPECT_STREQ(
        error.what(),
        "creating the order for \"a.test\": the CA refused: rateLimited: too many certificates");
  }
}

TEST_F(ClientTest, ABusyCaNeedNotSendADocument) {
  register_account();
  HttpResponse busy;
  busy.status = 503;
  busy.headers = {{"content-type", "text/html"}, {"retry-after", "30"}};
  busy.body = "<html>\x1b[31m";
  ca.rule(Operation::new_order, 1, Action::reply(busy));
  const Error error = refused_order();
  EXPECT_EQ(error.code(), ErrorCode::rate_limited);
  EXPECT_EQ(error.retry_at(), clock.wall() + seconds(30));
  EXPECT_NE(std::string(error.what()).find("HTTP 503: text/html: \"<html>\\x1b[31m\""),
            std::string::npos)
      << error.what();
}

TEST_F(ClientTest, ABusyDirectoryIsARateLimitToo) {
  ca.rule(Operation::directory, 1, Action::problem("rateLimited", 503, "busy", {"9"}));
  const auto error = thrown_error([&] { client.directory({}); }).value();
  EXPECT_EQ(error.code(), ErrorCode::rate_limited);
  EXPECT_EQ(error.retry_at(), clock.wall() + seconds(9));
  EXPECT_NO_THROW(client.directory({}));  // nothing of the refusal is kept
}

TEST_F(ClientTest, F20_ARedirectedPostIsRefused) {
  register_account();
  HttpResponse moved;
  moved.status = 307;
  moved.headers = {{"location", "https://elsewhere.test/"}};
  ca.rule(Operation::new_order, 1, Action::reply(moved));
  const Error error = refused_order();
  EXPECT_EQ(error.code(), ErrorCode::protocol);
  EXPECT_NE(std::string(error.what()).find("https://elsewhere.test/"), std::string::npos);
}

TEST_F(ClientTest, ALocationThatIsNotAnHttpsUrlIsRefused) {
  register_account();
  for (const char* location :
       {"", "/order/1", "http://ca.test/order/1", "https://127.0.0.1/order/1", "order"}) {
    ca.clear_rules();
    ca.rule(Operation::new_order, 0, Action::change_headers([&](Action::Headers& headers) {
              for (auto& [name, value] : headers) {
                if (name == "location") value = location;
              }
            }));
    EXPECT_EQ(refused_order().code(), ErrorCode::protocol) << location;
  }
}

TEST_F(ClientTest, AnswersOfAnotherTypeAreRefused) {
  register_account();
  for (const char* type : {"text/html", "", "application/jsonx", "text/json; application/json"}) {
    ca.clear_rules();
    ca.rule(Operation::new_order, 0, Action::change_headers([&](Action::Headers& headers) {
              for (auto& [name, value] : headers) {
                if (name == "content-type") value = type;
              }
            }));
    EXPECT_EQ(refused_order().code(), ErrorCode::protocol) << type;
  }
}

TEST_F(ClientTest, CertificatesComeInTheirOwnTypeAndAtMost256KiB) {
  register_account();
  const std::string url = valid_order().certificate.value();
  ca.rule(Operation::certificate, 1, Action::change_headers([](Action::Headers& headers) {
            headers.front().second = "application/json";
          }));
  ca.rule(Operation::certificate, 2, Action::change_body([](const std::string& body) {
            return body + std::string(256 * 1024, '\n');
          }));
  ca.rule(Operation::certificate, 3, Action::change_headers([](Action::Headers& headers) {
            headers.front().second = "Application/PEM-Certificate-Chain ; charset=us-ascii";
          }));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(thrown_error([&] { client.certificate(url, {}); }).value().code(),
              ErrorCode::protocol);
  }
  EXPECT_NO_THROW(client.certificate(url, {}));
}

TEST_F(ClientTest, ALostReplyIsAnErrorOfTheNetwork) {
  register_account();
  ca.rule(Operation::new_order, 1, Action::lose_reply());
  EXPECT_EQ(refused_order().code(), ErrorCode::network);
  EXPECT_EQ(ca.orders(), 1U);
  ca.rule(Operation::new_order, 2, Action::not_reached());
  EXPECT_EQ(refused_order().code(), ErrorCode::network);
  EXPECT_EQ(ca.orders(), 1U);
}

TEST_F(ClientTest, AStopIsHeard) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(thrown_error([&] { client.directory(stop.get_token()); }).value().code(),
            ErrorCode::canceled);
}

TEST_F(ClientTest, AnAccountTheCaForgotIsSaidToBeSo) {
  register_account();
  ca.forget_accounts();
  const Error error = refused_order();
  EXPECT_EQ(error.code(), ErrorCode::refused);
  EXPECT_NE(std::string(error.what()).find("accountDoesNotExist"), std::string::npos);
}

TEST_F(ClientTest, ParallelOrdersShareASession) {
  register_account();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::vector<Identifier> names = {
          {Identifier::Type::dns, "n" + std::to_string(i) + ".test"}};
      for (int j = 0; j < 10; ++j) {
        const Order order = client.new_order({.identifiers = names}, {});
        EXPECT_EQ(client.order(order.url, {}).identifiers, names);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ca.orders(), 40U);
}

}  // namespace
}  // namespace autohttps::acme
