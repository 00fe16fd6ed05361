// What the client makes of refusals, lost answers and answers that RFC 8555 does not allow.
#include <autohttps/acme/protocol/client.h>

#include <autohttps/tests/acme/client_fixture.h>
#include <autohttps/tests/support/scripted_ca_jws.h>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace autohttps::acme {
namespace {

using std::chrono::seconds;

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

class ClientRefusalsTest : public ClientFixture {};
class F2_BadNonces : public ClientFixture {};
class F10_RateLimits : public ClientFixture {};
class F20_SignedRequests : public ClientFixture {};

TEST_F(F2_BadNonces, AreRetriedWithTheErrorsOwnNonce) {
  NonceWatcher watcher(ca);
  Client watched(session, watcher, clock, key());
  watched.new_account({.terms_of_service_agreed = true}, {});
  ca.rule(Operation::new_order, 1, Action::bad_nonce());
  EXPECT_NO_THROW(watched.new_order({.identifiers = names}, {}));
  EXPECT_EQ(watcher.sent.back(), watcher.given.at(watcher.given.size() - 2));
  EXPECT_EQ(ca.count(Operation::new_order), 2);
  EXPECT_EQ(ca.count(Operation::new_nonce), 1);  // none was fetched for the retry
}

TEST_F(F2_BadNonces, WithoutAFreshOneFetchOne) {
  register_account();
  int seen = 0;
  Action without = Action::bad_nonce();
  without.changes = [&](HttpResponse& response) {
    ++seen;
    std::erase_if(response.headers,
                  [](const auto& header) { return header.first == "replay-nonce"; });
  };
  ca.rule(Operation::new_order, 1, without, 3);
  EXPECT_NO_THROW(client.new_order({.identifiers = names}, {}));
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(ca.count(Operation::new_nonce), 1 + 3);
}

TEST_F(F2_BadNonces, ForeverEndAfter16Tries) {
  register_account();
  ca.rule(Operation::new_order, 0, Action::bad_nonce());
  const Error error = refused_order();
  EXPECT_EQ(error.code(), ErrorCode::refused);
  EXPECT_NE(std::string(error.what()).find("badNonce"), std::string::npos);
  EXPECT_EQ(ca.count(Operation::new_order), 16);
  EXPECT_EQ(ca.orders(), 0U);
}

TEST_F(ClientRefusalsTest, OtherRefusalsAreNotTriedAgain) {
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

TEST_F(ClientRefusalsTest, NoncesThatAreNoneAreNeverSent) {
  register_account();
  ca.rule(Operation::new_order, 1, Action::change_headers([](Action::Headers& headers) {
            for (auto& [name, value] : headers) {
              if (name == "replay-nonce") value = "not a nonce\r\nX: y";
            }
          }));
  client.new_order({.identifiers = names}, {});
  EXPECT_NO_THROW(client.new_order({.identifiers = names}, {}));
  EXPECT_EQ(ca.count(Operation::new_nonce), 2);
}

TEST_F(ClientRefusalsTest, ACaWithoutNoncesIsSaidToBeSo) {
  ca.rule(Operation::new_nonce, 0,
          Action::change_headers([](Action::Headers& headers) { headers.clear(); }));
  const auto error = thrown_error([&] { register_account(); }).value();
  EXPECT_EQ(error.code(), ErrorCode::protocol);
  EXPECT_NE(std::string(error.what()).find("no usable nonce"), std::string::npos);
}

TEST_F(F10_RateLimits, CarryTheirTime) {
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

TEST_F(ClientRefusalsTest, ABusyCaNeedNotSendADocument) {
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

TEST_F(ClientRefusalsTest, ABusyDirectoryIsARateLimitToo) {
  ca.rule(Operation::directory, 1, Action::problem("rateLimited", 503, "busy", {"9"}));
  const auto error = thrown_error([&] { client.directory({}); }).value();
  EXPECT_EQ(error.code(), ErrorCode::rate_limited);
  EXPECT_EQ(error.retry_at(), clock.wall() + seconds(9));
  EXPECT_NO_THROW(client.directory({}));  // nothing of the refusal is kept
}

TEST_F(F20_SignedRequests, AreNotSentOn) {
  register_account();
  HttpResponse moved;
  moved.status = 307;
  moved.headers = {{"location", "https://elsewhere.test/"}};
  ca.rule(Operation::new_order, 1, Action::reply(moved));
  const Error error = refused_order();
  EXPECT_EQ(error.code(), ErrorCode::protocol);
  EXPECT_NE(std::string(error.what()).find("https://elsewhere.test/"), std::string::npos);
}

TEST_F(ClientRefusalsTest, ALocationThatIsNotAnHttpsUrlIsRefused) {
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

TEST_F(ClientRefusalsTest, AnswersOfAnotherTypeAreRefused) {
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

TEST_F(ClientRefusalsTest, CertificatesComeInTheirOwnTypeAndAtMost256KiB) {
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

TEST_F(ClientRefusalsTest, ALostReplyIsAnErrorOfTheNetwork) {
  register_account();
  ca.rule(Operation::new_order, 1, Action::lose_reply());
  EXPECT_EQ(refused_order().code(), ErrorCode::network);
  EXPECT_EQ(ca.orders(), 1U);
  ca.rule(Operation::new_order, 2, Action::not_reached());
  EXPECT_EQ(refused_order().code(), ErrorCode::network);
  EXPECT_EQ(ca.orders(), 1U);
}

TEST_F(ClientRefusalsTest, AnAccountTheCaForgotIsSaidToBeSo) {
  register_account();
  ca.forget_accounts();
  const Error error = refused_order();
  EXPECT_EQ(error.code(), ErrorCode::refused);
  EXPECT_NE(std::string(error.what()).find("accountDoesNotExist"), std::string::npos);
}

}  // namespace
}  // namespace autohttps::acme
