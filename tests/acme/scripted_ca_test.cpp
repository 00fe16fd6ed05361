#include <autohttps/tests/support/scripted_ca.h>

#include <autohttps/tests/support/manual_clock.h>
#include <autohttps/tests/support/test_csr.h>

#include <autohttps/acme/protocol/client.h>
#include <autohttps/acme/protocol/jws.h>
#include <autohttps/common/certified_key.h>

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <stdexcept>

namespace autohttps::acme {
namespace {

const Challenge& http01(const Authorization& authorization) {
  for (const Challenge& challenge : authorization.challenges) {
    if (challenge.type == "http-01") return challenge;
  }
  throw std::runtime_error("no http-01");
}

// A client with an account, and the answers it has up.
class ScriptedCaTest : public ::testing::Test {
 protected:
  ScriptedCaTest()
      : ca(clock,
           [this](const Identifier& identifier,
                  const std::string& token) -> std::optional<std::string> {
             const auto answer = answers.find(identifier.value + "/" + token);
             if (answer == answers.end()) return std::nullopt;
             return answer->second;
           }),
        key(std::make_shared<AccountKey>(PrivateKey::generate(KeyType::ec256))),
        client(std::make_shared<ClientSession>(ca.directory_url()), ca, clock, key) {}

  void register_account() { client.new_account({.terms_of_service_agreed = true}, {}); }
  void answer_all(const Order& order) {
    for (const std::string& url : order.authorizations) {
      const Authorization authorization = client.authorization(url, {});
      const Challenge& challenge = http01(authorization);
      answers[authorization.identifier.value + "/" + challenge.token] =
          key->key_authorization(challenge.token);
      client.respond(challenge, {});
    }
  }

  ManualClock clock;
  std::map<std::string, std::string> answers;
  ScriptedCa ca;
  std::shared_ptr<AccountKey> key;
  Client client;
};

const std::vector<Identifier> kNames = {{Identifier::Type::dns, "a.test"},
                                        {Identifier::Type::dns, "b.test"}};

TEST_F(ScriptedCaTest, IssuesAChainForAnOrderThatWasValidated) {
  register_account();
  Order order = client.new_order({.identifiers = kNames}, {});
  EXPECT_EQ(order.status, OrderStatus::pending);
  answer_all(order);
  order = client.order(order.url, {});
  ASSERT_EQ(order.status, OrderStatus::ready);

  const PrivateKey certificate_key = PrivateKey::generate(KeyType::ec256);
  order = client.finalize(order, make_csr(certificate_key, kNames), {});
  ASSERT_EQ(order.status, OrderStatus::valid);
  const IssuedChain chain = client.certificate(order.certificate.value(), {});
  const auto certified = CertifiedKey::from_pem(chain.pem, certificate_key.to_pem());
  EXPECT_EQ(certified->names(), kNames);
  EXPECT_EQ(certified->chain_length(), 2U);
  EXPECT_EQ(std::vector<std::string>{chain.pem}, ca.certificates());
  EXPECT_EQ(chain.ca_time, std::chrono::floor<std::chrono::seconds>(clock.wall()));
}

TEST_F(ScriptedCaTest, AWrongAnswerMakesAuthorizationAndOrderInvalid) {
  register_account();
  const Order order = client.new_order({.identifiers = {kNames[0]}}, {});
  const Authorization authorization = client.authorization(order.authorizations.at(0), {});
  answers["a.test/" + http01(authorization).token] = "something else";
  client.respond(http01(authorization), {});
  const Authorization after = client.authorization(authorization.url, {});
  EXPECT_EQ(after.status, AuthorizationStatus::invalid);
  EXPECT_EQ(http01(after).error.value().short_type(), "unauthorized");
  EXPECT_EQ(client.order(order.url, {}).status, OrderStatus::invalid);
}

// What drives an order to the end, for the tests that look at something on the way.
class ScriptedCaOrderTest : public ScriptedCaTest {
 protected:
  Order ready_order() {
    const Order order = client.new_order({.identifiers = kNames}, {});
    answer_all(order);
    return client.order(order.url, {});
  }
  Order finalize(const Order& order) {
    return client.finalize(order, make_csr(certificate_key, kNames), {});
  }
  std::string problem_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const ProblemError& error) {
      return std::string(error.problem().short_type());
    }
    return "none";
  }

  PrivateKey certificate_key = PrivateKey::generate(KeyType::ec256);
};

TEST_F(ScriptedCaOrderTest, IdenticalPendingOrdersAreOneWhenTheCaIsLikeLetsEncrypt) {
  register_account();
  const std::string first = client.new_order({.identifiers = kNames}, {}).url;
  EXPECT_NE(client.new_order({.identifiers = kNames}, {}).url, first);
  ca.behaviour().reuse_orders = true;
  const Order order = client.new_order({.identifiers = kNames}, {});
  EXPECT_EQ(client.new_order({.identifiers = {kNames[1], kNames[0]}}, {}).url, order.url);
  EXPECT_NE(client.new_order({.identifiers = {kNames[0]}}, {}).url, order.url);
  answer_all(order);
  finalize(client.order(order.url, {}));
  EXPECT_NE(client.new_order({.identifiers = kNames}, {}).url, order.url);  // a valid one is over
}

TEST_F(ScriptedCaOrderTest, ValidAuthorizationsServeTheNextOrderWhenReused) {
  register_account();
  ca.behaviour().reuse_authorizations = true;
  const Order first = ready_order();
  const Order second = client.new_order({.identifiers = kNames}, {});
  EXPECT_EQ(second.authorizations, first.authorizations);
  EXPECT_EQ(second.status, OrderStatus::ready);
}

TEST_F(ScriptedCaOrderTest, ValidationAndFinalizeTakeAsManyPollsAsSaid) {
  register_account();
  ca.behaviour().validation_polls = 2;
  ca.behaviour().finalize_polls = 2;
  const Order order = client.new_order({.identifiers = {kNames[0]}}, {});
  answer_all(order);
  EXPECT_EQ(client.order(order.url, {}).status, OrderStatus::pending);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(client.authorization(order.authorizations[0], {}).status,
              AuthorizationStatus::pending);
  }
  EXPECT_EQ(client.authorization(order.authorizations[0], {}).status, AuthorizationStatus::valid);
  const Order ready = client.order(order.url, {});
  ASSERT_EQ(ready.status, OrderStatus::ready);
  EXPECT_EQ(client.finalize(ready, make_csr(certificate_key, {kNames[0]}), {}).status,
            OrderStatus::processing);
  EXPECT_EQ(client.order(order.url, {}).status, OrderStatus::processing);
  EXPECT_EQ(client.order(order.url, {}).status, OrderStatus::valid);
}

TEST_F(ScriptedCaOrderTest, OrdersCanStayPendingOrTurnInvalid) {
  register_account();
  ca.behaviour().orders_stay_pending = true;
  const Order order = ready_order();
  EXPECT_EQ(order.status, OrderStatus::pending);
  ca.behaviour().orders_stay_pending = false;
  ca.behaviour().finalize_fails = {"caa", "forbidden"};
  const Order failed = finalize(client.order(order.url, {}));
  EXPECT_EQ(failed.status, OrderStatus::invalid);
  EXPECT_EQ(failed.error.value().short_type(), "caa");
  EXPECT_TRUE(ca.certificates().empty());
  const Order second = ready_order();
  ca.invalidate_orders("serverInternal", "lost it");
  EXPECT_EQ(client.order(second.url, {}).error.value().detail, "lost it");
}

TEST_F(ScriptedCaOrderTest, OrdersExpire) {
  register_account();
  const Order order = ready_order();
  clock.advance(std::chrono::hours(24 * 8));
  EXPECT_EQ(client.order(order.url, {}).status, OrderStatus::invalid);
  EXPECT_EQ(problem_of([&] { finalize(order); }), "orderNotReady");
  const Order second = ready_order();
  ca.expire_orders();
  EXPECT_EQ(client.order(second.url, {}).status, OrderStatus::invalid);
}

TEST_F(ScriptedCaOrderTest, ACsrMustFitTheOrder) {
  register_account();
  const Order order = ready_order();
  EXPECT_EQ(problem_of([&] { client.finalize(order, "junk", {}); }), "badCSR");
  EXPECT_EQ(problem_of([&] { client.finalize(order, make_csr(certificate_key, {kNames[0]}), {}); }),
            "badCSR");
  EXPECT_EQ(problem_of([&] { client.finalize(order, make_csr(key->key(), kNames), {}); }),
            "badCSR");
  std::string damaged = make_csr(certificate_key, kNames);
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  EXPECT_EQ(problem_of([&] { client.finalize(order, damaged, {}); }), "badCSR");
  EXPECT_TRUE(ca.certificates().empty());
  EXPECT_EQ(finalize(order).status, OrderStatus::valid);
}

TEST_F(ScriptedCaOrderTest, SendsTheChainTheTestWants) {
  register_account();
  const PrivateKey other = PrivateKey::generate(KeyType::ec256);
  ca.behaviour().chain = [&](const CertificateRequest& request) {
    return request.issuer->leaf(other.handle(), request.plan) + request.issuer->intermediate();
  };
  const Order order = finalize(ready_order());
  const std::string pem = client.certificate(order.certificate.value(), {}).pem;
  EXPECT_NO_THROW(CertifiedKey::from_pem(pem, other.to_pem()));
  EXPECT_THROW(CertifiedKey::from_pem(pem, certificate_key.to_pem()), Error);
}

TEST_F(ScriptedCaOrderTest, AccountsCanBeForgottenOrDeactivated) {
  register_account();
  ca.deactivate_accounts();
  EXPECT_EQ(problem_of([&] { client.new_order({.identifiers = kNames}, {}); }), "unauthorized");
  EXPECT_EQ(problem_of([&] { register_account(); }), "unauthorized");
  ca.forget_accounts();
  EXPECT_EQ(problem_of([&] { client.new_order({.identifiers = kNames}, {}); }),
            "accountDoesNotExist");
  EXPECT_NO_THROW(register_account());
}

TEST_F(ScriptedCaOrderTest, RulesMeetTheCallsTheyName) {
  register_account();
  const auto order_once = [&] { client.new_order({.identifiers = kNames}, {}); };
  int called = 0;
  ca.rule(Operation::new_order, 2, Action::problem("rateLimited", 429), 2);
  ca.rule(Operation::new_order, 4, Action::before([&] { ++called; }));
  EXPECT_EQ(problem_of(order_once), "none");
  EXPECT_EQ(problem_of(order_once), "rateLimited");
  EXPECT_EQ(problem_of(order_once), "rateLimited");
  EXPECT_EQ(problem_of(order_once), "none");
  EXPECT_EQ(problem_of(order_once), "none");
  EXPECT_EQ(called, 1);
  EXPECT_EQ(ca.count(Operation::new_order), 5);
}

TEST_F(ScriptedCaOrderTest, ALostReplyDidItsWorkAndAnUnreachedCaDidNot) {
  register_account();
  const Order order = ready_order();
  ca.rule(Operation::finalize, 1, Action::not_reached());
  ca.rule(Operation::finalize, 2, Action::lose_reply());
  EXPECT_THROW(finalize(order), Error);
  EXPECT_TRUE(ca.certificates().empty());
  EXPECT_THROW(finalize(order), Error);
  EXPECT_EQ(ca.certificates().size(), 1U);
  EXPECT_EQ(client.order(order.url, {}).status, OrderStatus::valid);
}

// The CA is no pushover: what a client must not send is refused (RFC 8555 6.2 to 6.5).
TEST_F(ScriptedCaOrderTest, RefusesRequestsThatRfc8555Forbids) {
  const Account account = client.new_account({.terms_of_service_agreed = true}, {});
  const auto nonce = [&] {
    return std::string(
        ca.send({.method = "HEAD", .url = "https://ca.test/new-nonce"}, {}).header("replay-nonce"));
  };
  const auto post = [&](const std::string& url, const JwsHeader& header, std::string_view payload) {
    const HttpResponse response = ca.send({.method = "POST",
                                           .url = url,
                                           .content_type = "application/jose+json",
                                           .body = sign_jws(*key, header, payload)},
                                          {});
    return parse_problem(response.body, "", response.status).short_type() == "about:blank"
               ? "ok"
               : std::string(parse_problem(response.body, "", response.status).short_type());
  };
  const std::string url = account.url;
  const std::string fresh = nonce(), once = nonce();
  EXPECT_EQ(post(url, {.url = url, .nonce = fresh, .account = account.url}, ""), "ok");
  EXPECT_EQ(post(url, {.url = url, .nonce = fresh, .account = account.url}, ""), "badNonce");
  EXPECT_EQ(post(url, {.url = url, .nonce = "made-up", .account = account.url}, ""), "badNonce");
  EXPECT_EQ(post(url, {.url = url + "/", .nonce = once, .account = account.url}, ""),
            "unauthorized");
  const std::string a = nonce(), b = nonce();
  EXPECT_EQ(post(url, {.url = url, .nonce = a, .account = ""}, ""), "malformed");
  EXPECT_EQ(post(url, {.url = url, .nonce = b, .account = "https://ca.test/account/99"}, ""),
            "accountDoesNotExist");
  const HttpResponse got = ca.send({.method = "GET", .url = url}, {});
  EXPECT_EQ(got.status, 405);
  Client thief(std::make_shared<ClientSession>(ca.directory_url()), ca, clock,
               std::make_shared<AccountKey>(PrivateKey::generate(KeyType::ec256)));
  thief.use_account(account.url);
  EXPECT_EQ(problem_of([&] { thief.account({}); }), "malformed");  // the signature does not fit
}

}  // namespace
}  // namespace autohttps::acme
